#include "harness/runner.h"

#include "harness/error.h"

namespace souvenir {

bool run_pass(Journal& journal, const LanguageModel& model, Pass pass, const ScoreOptions& options,
              double near_tie_delta, const std::function<bool(const RunProgress&)>& go_on) {
  const std::vector<std::int64_t> open = journal.open_batches(pass);
  RunProgress progress;
  progress.batches = journal.batches(pass);
  progress.batches_done = progress.batches - static_cast<std::int64_t>(open.size());
  for (const std::int64_t ordinal : open) {
    if (!go_on(progress)) {
      return false;
    }
    const std::vector<JournalRequest> rows = journal.batch(pass, ordinal);
    std::vector<ScoreRequest> requests;
    requests.reserve(rows.size());
    for (const JournalRequest& row : rows) {
      requests.push_back(row.request);
      progress.tokens_done +=
          static_cast<std::int64_t>(row.request.prefix_ids.size() + row.request.ids.size());
    }
    const std::vector<ScoreResult> results = model.score(requests, options);
    if (results.size() != rows.size()) {
      throw Error(ErrorKind::internal, "model: expected " + std::to_string(rows.size()) +
                                           " answers, found " + std::to_string(results.size()));
    }
    journal.commit(pass, ordinal, rows, results, near_tie_delta);
    ++progress.batches_done;
    progress.strings_done += static_cast<std::int64_t>(rows.size());
  }
  go_on(progress);
  return true;
}

}  // namespace souvenir
