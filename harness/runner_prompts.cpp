// Lets the model write on after prompts.

#include "harness/error.h"
#include "harness/journal_prompts.h"
#include "harness/runner.h"
#include "harness/written_text.h"

namespace souvenir {

bool run_prompts(Journal& journal, const LanguageModel& model, const Tokenizer& tokenizer,
                 const std::vector<PromptNeeds>& needs,
                 const std::function<bool(const RunProgress&)>& go_on) {
  PromptJournal prompts(journal.database());
  const std::vector<std::int64_t> open = prompts.open_batches();
  RunProgress progress;
  progress.batches = prompts.batches();
  progress.batches_done = progress.batches - static_cast<std::int64_t>(open.size());
  for (const std::int64_t ordinal : open) {
    if (!go_on(progress)) return false;
    const std::vector<PlannedPrompt> rows = prompts.batch(ordinal);
    const GenerateOptions& options = needs.at(rows.front().need).generate;
    std::vector<GenerateRequest> requests;
    for (const PlannedPrompt& row : rows) requests.push_back(row.request);
    std::vector<std::vector<std::string>> texts;
    for (const GenerateResult& result : model.generate(requests, options)) {
      texts.emplace_back();
      for (const Generation& sample : result.samples) {
        texts.back().push_back(decode_written(tokenizer, sample.ids));
        progress.tokens_done += static_cast<std::int64_t>(sample.ids.size());
      }
    }
    if (texts.size() != rows.size()) {
      throw Error(ErrorKind::internal, "model: expected " + std::to_string(rows.size()) +
                                           " continuations, found " + std::to_string(texts.size()));
    }
    prompts.commit(ordinal, rows, texts);
    ++progress.batches_done;
  }
  go_on(progress);
  return true;
}

}  // namespace souvenir
