#include "harness/backend/score_stages.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/backend/scoring_batch.h"

namespace souvenir {
namespace {

std::size_t scored_tokens(const ScoreRequest& request) { return request.scored().size(); }

// Returns the request, asked for its first scored tokens only.
ScoreRequest beginning_of(const ScoreRequest& request) {
  if (!request.may_stop) return request;
  ScoreRequest beginning = request;
  const std::size_t scored = scored_tokens(request);
  beginning.ids.resize(request.ids.size() - scored + stage_end(0, scored));
  return beginning;
}

// Neighbouring rows as one.
std::vector<KeptRows> runs_of(const std::vector<std::int64_t>& rows) {
  std::vector<KeptRows> runs;
  for (const std::int64_t row : rows) {
    if (!runs.empty() && runs.back().first + runs.back().tokens == row) {
      ++runs.back().tokens;
    } else {
      runs.push_back({row, 1});
    }
  }
  return runs;
}

// Requests that go through the stages together.
class Stages {
 public:
  Stages(const Transformer& model, const Head& head, std::span<const ScoreRequest> requests,
         const ScoreOptions& options, HeadPath path)
      : model_(model),
        head_(head),
        requests_(requests),
        options_(options),
        path_(path),
        results_(requests.size()),
        kept_(requests.size()),
        first_(first_stage()),
        cache_(KeyValueCache::of_rows(model.spec(), top_ + later_rows(), model.device(),
                                      model.dtype())) {}

  std::vector<ScoreResult> run() {
    std::vector<std::size_t> open(requests_.size());
    for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
    ask(first_, open);
    first_ = {};
    while (!open.empty()) {
      ScoringBatch batch;
      for (const std::size_t i : open) read_on(batch, i);
      ask(batch, open);
    }
    return std::move(results_);
  }

 private:
  // Every row is kept where it stands in the pass.
  ScoringBatch first_stage() {
    std::vector<ScoreRequest> beginnings;
    std::ranges::transform(requests_, std::back_inserter(beginnings), beginning_of);
    ScoringBatch batch;
    batch.share(beginnings);
    for (Segment& segment : batch.rows.segments) segment.slot = segment.begin;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      kept_[i] = runs_of(batch.token_rows[i]);
      kept_[i].reserve(kept_[i].size() + 1);  // segments point here while the second is added
    }
    top_ = static_cast<std::int64_t>(batch.rows.ids.size());
    return batch;
  }

  // Most rows that stages between the first and the last keep.
  std::int64_t later_rows() const {
    std::size_t rows = 0;
    for (const ScoreRequest& request : requests_) {
      const std::size_t total = scored_tokens(request);
      const std::size_t second = stage_end(stage_end(0, total), total);
      if (request.may_stop && second < total) rows += second - stage_end(0, total);
    }
    return static_cast<std::int64_t>(rows);
  }

  // Packs the next stage of a string, behind what is kept of it.
  void read_on(ScoringBatch& batch, std::size_t index) {
    const ScoreRequest& request = requests_[index];
    const std::size_t total = scored_tokens(request);
    const std::size_t done = results_[index].observation->log_probs.size();
    const std::size_t end = stage_end(done, total);
    const std::size_t skipped = request.ids.size() - total;
    const auto ids = std::span(request.ids).subspan(skipped + done - 1, end - done);
    Segment segment;
    segment.past = static_cast<std::int64_t>(request.prefix_ids.size() + skipped + done - 1);
    segment.before = kept_[index];
    segment.slot = end < total ? top_ : -1;
    const auto first = static_cast<std::int64_t>(batch.rows.ids.size());
    batch.rows.add(ids, segment);
    if (end < total) {
      kept_[index].push_back({top_, static_cast<std::int64_t>(ids.size())});
      top_ += static_cast<std::int64_t>(ids.size());
    }
    for (std::size_t t = done; t < end; ++t) {
      batch.rows.wanted.push_back(first + static_cast<std::int64_t>(t - done));
      batch.targets.push_back(request.ids[skipped + t]);
    }
    batch.scored.push_back(end - done);
  }

  // Answers a stage, and leaves in `open` what must be read on.
  void ask(ScoringBatch& batch, std::vector<std::size_t>& open) {
    if (model_.wants_round_rows()) batch.fill_up();
    const ForwardInput input = batch.rows.input(model_.device(), &cache_);
    const at::Tensor hidden = model_.forward(input.tokens, input.wanted, input.cache);
    std::vector<Head::Row> rows = head_.score(hidden, batch.targets, options_, path_);
    std::size_t first = 0;
    for (std::size_t k = 0; k < open.size(); ++k) {
      add_rows(results_[open[k]], std::span(rows).subspan(first, batch.scored[k]), options_);
      first += batch.scored[k];
    }
    std::erase_if(open, [&](std::size_t i) { return finished(i); });
  }

  bool finished(std::size_t index) const {
    const auto& observation = results_[index].observation;
    if (!observation) return true;
    const std::size_t done = observation->log_probs.size();
    return done == scored_tokens(requests_[index]) ||
           can_stop(*observation, *options_.early_stop, done);
  }

  const Transformer& model_;
  const Head& head_;
  std::span<const ScoreRequest> requests_;
  const ScoreOptions& options_;
  HeadPath path_;
  std::vector<ScoreResult> results_;
  std::vector<std::vector<KeptRows>> kept_;  // [requests] where what was read stands in the cache
  std::int64_t top_ = 0;                     // rows of the cache in use
  ScoringBatch first_;
  KeyValueCache cache_;
};

}  // namespace

std::vector<ScoreResult> score_stages(const Transformer& transformer, const Head& head,
                                      std::span<const ScoreRequest> requests,
                                      const ScoreOptions& options, HeadPath path,
                                      std::int64_t kept_bytes) {
  const auto most = static_cast<std::size_t>(
      kept_bytes / KeyValueCache::row_bytes(transformer.spec(), transformer.dtype()));
  std::vector<ScoreResult> results;
  for (std::size_t begin = 0, end = 0; begin < requests.size(); begin = end) {
    std::size_t tokens = 0;
    for (end = begin; end < requests.size(); ++end) {
      const std::size_t more = requests[end].prefix_ids.size() + requests[end].ids.size();
      if (end > begin && tokens + more > most) break;
      tokens += more;
    }
    auto part =
        Stages(transformer, head, requests.subspan(begin, end - begin), options, path).run();
    std::ranges::move(part, std::back_inserter(results));
  }
  return results;
}

}  // namespace souvenir
