#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/backend/trainer.h"
#include "harness/demo/corpus.h"

namespace souvenir::cli {

// What `souvenir demo` is asked for.
struct DemoOptions {
  std::string out;
  std::string progress = "auto";
  std::string language = "en";
  DemoCorpusOptions corpus;
  LlamaSizes sizes;
  TrainingPlan plan;
};

// Trains a vocabulary on the documents and puts it into a folder of its own for each model.
//
// Errors  resource
void write_vocabulary(const DemoOptions& options, const DemoCorpus& corpus,
                      const std::vector<std::filesystem::path>& folders);

// Trains the model with and the one without the planted strings, and completes their folders,
// unless they are complete already. At the same time where two threads are allowed, each on one
// thread: on a shared machine two threads of one training wait for each other most of the time, and
// what a model becomes would depend on their number.
//
// Returns  false if a signal stopped it: nothing of the training is kept
bool train_models(const DemoOptions& options, const DemoCorpus& corpus,
                  const std::filesystem::path& model, const std::filesystem::path& control);

}  // namespace souvenir::cli
