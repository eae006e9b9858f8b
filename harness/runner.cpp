#include "harness/runner.h"

#include "harness/error.h"

namespace souvenir {

namespace {

// Batches that go through the model together.
struct BatchGroup {
  std::vector<std::int64_t> ordinals;
  std::vector<std::vector<JournalRequest>> rows;
  std::vector<std::vector<ScoreRequest>> requests;
  std::int64_t tokens = 0;
  std::int64_t strings = 0;
};

// Takes as many open batches as one pass of the model holds; one, where its layers are in memory.
BatchGroup take_group(const Journal& journal, Pass pass, const std::vector<std::int64_t>& open,
                      std::size_t& next, std::int64_t pass_tokens) {
  BatchGroup group;
  while (next < open.size() && (group.rows.empty() || group.tokens < pass_tokens)) {
    std::vector<JournalRequest> rows = journal.batch(pass, open[next]);
    std::vector<ScoreRequest> requests;
    std::int64_t tokens = 0;
    for (const JournalRequest& row : rows) {
      requests.push_back(row.request);
      tokens += static_cast<std::int64_t>(row.request.prefix_ids.size() + row.request.ids.size());
    }
    if (!group.rows.empty() && group.tokens + tokens > pass_tokens) break;
    group.ordinals.push_back(open[next++]);
    group.tokens += tokens;
    group.strings += static_cast<std::int64_t>(rows.size());
    group.rows.push_back(std::move(rows));
    group.requests.push_back(std::move(requests));
  }
  return group;
}

void require_as_many(std::size_t expected, std::size_t found) {
  if (expected != found) {
    throw Error(ErrorKind::internal, "model: expected " + std::to_string(expected) +
                                         " answers, found " + std::to_string(found));
  }
}

}  // namespace

bool run_pass(Journal& journal, const LanguageModel& model, Pass pass, const ScoreOptions& options,
              const Doubt& doubt, const std::function<bool(const RunProgress&)>& go_on) {
  const std::vector<std::int64_t> open = journal.open_batches(pass);
  RunProgress progress;
  progress.batches = journal.batches(pass);
  progress.batches_done = progress.batches - static_cast<std::int64_t>(open.size());
  for (std::size_t next = 0; next < open.size();) {
    const BatchGroup group =
        take_group(journal, pass, open, next, model.info().layers_read.pass_tokens);
    const auto results = model.score_batches(group.requests, options, [&](double share) {
      RunProgress within = progress;
      const auto part = [share](auto whole) {
        return static_cast<std::int64_t>(share * static_cast<double>(whole));
      };
      within.batches_done += part(group.ordinals.size());
      within.tokens_done += part(group.tokens);
      return go_on(within);
    });
    if (results.empty()) {
      return false;
    }
    require_as_many(group.rows.size(), results.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      require_as_many(group.rows[i].size(), results[i].size());
      journal.commit(pass, group.ordinals[i], group.rows[i], results[i], doubt);
    }
    progress.batches_done += static_cast<std::int64_t>(group.ordinals.size());
    progress.tokens_done += group.tokens;
    progress.strings_done += group.strings;
  }
  go_on(progress);
  return true;
}

}  // namespace souvenir
