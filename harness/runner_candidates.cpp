// Ranks canaries among the secrets that could have been drawn instead.

#include <limits>
#include <string>
#include <unordered_set>

#include "harness/candidate_search.h"
#include "harness/error.h"
#include "harness/journal_candidates.h"
#include "harness/runner.h"

namespace souvenir {

namespace {

const CanarySpace& find_space(const std::vector<CanarySpace>& spaces, const std::string& id) {
  for (const CanarySpace& space : spaces) {
    if (space.id == id) return space;
  }
  throw Error(ErrorKind::internal, "candidates: a set names a space that is not there");
}

// Draws a set's candidates in order. A sample is drawn from its beginning whatever part is asked
// for, so that a resumed run asks for the same.
class Candidates {
 public:
  Candidates(const CandidateRun& run, const CandidateSet& set)
      : space_(find_space(run.spaces, set.space)),
        exact_(set.exact),
        random_(run.seed, "candidates", {static_cast<std::uint64_t>(set.ordinal)}) {
    for (const Sensitive& secret : run.planted) {
      taken_.insert(std::string(secret.reveal()));
    }
  }

  std::string next() {
    if (exact_) return space_.secret_at(at_++);
    // A space that is nearly exhausted would never end; it is enumerated long before.
    for (;;) {
      std::string secret = space_.sample(random_);
      if (taken_.insert(secret).second) return secret;
    }
  }

 private:
  const CanarySpace& space_;
  bool exact_;
  Rng random_;
  std::uint64_t at_ = 0;
  std::unordered_set<std::string> taken_;
};

}  // namespace

bool run_candidates(Journal& journal, const LanguageModel& model, const CandidateRun& run,
                    const std::function<bool(const RunProgress&)>& go_on) {
  CandidateJournal candidates(journal.database());
  const std::vector<CandidateBatch> open = candidates.open_batches();
  RunProgress progress;
  progress.batches = candidates.batches();
  progress.batches_done = progress.batches - static_cast<std::int64_t>(open.size());
  std::int64_t set = -1;
  std::int64_t drawn = 0;
  std::optional<Candidates> source;
  std::optional<CandidateSearch> search;
  for (const CandidateBatch& batch : open) {
    if (!go_on(progress)) return false;
    if (batch.secret) {
      if (!search) search.emplace(model, run.tokenizer, run.bos, run.token_budget);
      const auto found =
          search->rank(find_space(run.spaces, batch.set.space), batch.set.prefix.reveal(),
                       batch.secret->reveal(), batch.count);
      candidates.commit(batch, found);
      progress.tokens_done += found ? found->forwards : 0;
      ++progress.batches_done;
      continue;
    }
    if (batch.set.ordinal != set) {
      set = batch.set.ordinal;
      source.emplace(run, batch.set);
      drawn = 0;
    }
    for (; drawn < batch.first; ++drawn) source->next();
    std::vector<ScoreRequest> requests;
    for (std::int64_t i = 0; i < batch.count; ++i, ++drawn) {
      const auto cut =
          cut_string(run.tokenizer, run.bos, batch.set.prefix.reveal(), source->next());
      if (!cut) throw Error(ErrorKind::internal, "candidates: a canary without any context");
      requests.push_back(cut->request);
    }
    const TotalScores scores = model.score_totals(requests, run.token_budget);
    if (scores.log_probs.size() != requests.size()) {
      throw Error(ErrorKind::internal, "model: expected " + std::to_string(requests.size()) +
                                           " totals, found " +
                                           std::to_string(scores.log_probs.size()));
    }
    std::vector<double> log_probs;
    for (const std::optional<double>& value : scores.log_probs) {
      log_probs.push_back(value.value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    candidates.commit(batch, log_probs);
    progress.tokens_done += scores.forwards;
    ++progress.batches_done;
  }
  go_on(progress);
  return true;
}

}  // namespace souvenir
