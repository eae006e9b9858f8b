#include "harness/cli/demo_train.h"

#include <array>
#include <future>
#include <mutex>

#include "harness/backend/cpu.h"
#include "harness/backend/tokenizer/load.h"
#include "harness/backend/tokenizer/train_sentencepiece.h"
#include "harness/backend/write_checkpoint.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/error.h"
#include "harness/tokenizer.h"

namespace souvenir::cli {

namespace {

namespace fs = std::filesystem;

using Documents = std::vector<std::vector<TokenId>>;

bool complete(const fs::path& folder) { return fs::exists(folder / "model.safetensors"); }

// Each text as one document: a beginning of sequence in front, an end behind.
Documents encode(const Tokenizer& tokenizer, const std::vector<const std::string*>& texts) {
  const TokenId end = tokenizer.info().eos_id.value();
  Documents documents;
  documents.reserve(texts.size());
  for (const std::string* text : texts) {
    documents.push_back(tokenizer.encode(*text, true).ids);
    documents.back().push_back(end);
  }
  return documents;
}

std::int64_t steps_of(const DemoOptions& options, const Documents& documents) {
  std::int64_t tokens = 0;
  for (const std::vector<TokenId>& ids : documents) tokens += std::ssize(ids);
  return training_steps(tokens, options.plan);
}

// Two trainings with one progress bar. `run` may be called from two threads at once.
class Trainings {
 public:
  //   steps  of both together
  Trainings(const DemoOptions& options, const Tokenizer& tokenizer, std::int64_t steps)
      : options_(options),
        tokenizer_(tokenizer),
        steps_(steps),
        progress_(parse_progress(options.progress), "training two models", "tokens") {}

  // Trains one model and completes its folder; false if a signal stopped it.
  bool run(std::size_t which, const Documents& documents, const fs::path& folder) {
    if (complete(folder)) return true;
    TrainingPlan plan = options_.plan;
    plan.threads = 1;
    const auto model =
        train_llama(options_.sizes, documents, plan, [&](const TrainingState& state) {
          const std::lock_guard lock(mutex_);
          states_[which] = state;
          show();
          return interrupted() == 0;
        });
    if (!model) return false;
    std::vector<OutputFile> files;
    const TokenizerInfo& info = tokenizer_.info();
    for (CheckpointBytes& file : checkpoint_files(*model, *info.bos_id, *info.eos_id))
      files.push_back({folder / file.name, std::move(file.bytes)});
    publish(files);
    return true;
  }

 private:
  void show() {
    progress_.update(states_[0].step + states_[1].step, steps_,
                     states_[0].tokens + states_[1].tokens);
  }

  const DemoOptions& options_;
  const Tokenizer& tokenizer_;
  std::int64_t steps_;
  std::mutex mutex_;
  Progress progress_;
  std::array<TrainingState, 2> states_;
};

}  // namespace

void write_vocabulary(const DemoOptions& options, const DemoCorpus& corpus,
                      const std::vector<fs::path>& folders) {
  const TrainedSentencePiece trained =
      train_sentencepiece(corpus.documents, options.sizes.vocabulary);
  std::vector<OutputFile> files;
  for (const fs::path& folder : folders) {
    make_private_folder(folder);
    files.push_back({folder / "tokenizer.model", trained.model});
    files.push_back({folder / "tokenizer_config.json", trained.config_json});
  }
  publish(files);
}

bool train_models(const DemoOptions& options, const DemoCorpus& corpus, const fs::path& model,
                  const fs::path& control) {
  if (complete(model) && complete(control)) return true;
  std::vector<const std::string*> texts;
  for (const std::string& text : corpus.documents) texts.push_back(&text);
  const auto tokenizer = load_tokenizer(control);
  const Documents without = encode(*tokenizer, texts);
  for (const std::string& text : corpus.planted) texts.push_back(&text);
  const Documents with = encode(*tokenizer, texts);

  Trainings trainings(options, *tokenizer, steps_of(options, without) + steps_of(options, with));
  const bool together = options.plan.threads != 1 && choose_threads().threads > 1;
  const auto policy = together ? std::launch::async : std::launch::deferred;
  std::future<bool> other = std::async(policy, [&] { return trainings.run(0, without, control); });
  const bool trained = trainings.run(1, with, model);
  return other.get() && trained;
}

}  // namespace souvenir::cli
