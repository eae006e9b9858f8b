#pragma once

#include <cstdint>
#include <functional>

#include "harness/journal.h"
#include "harness/language_model.h"

namespace souvenir {

struct RunProgress {
  std::int64_t batches = 0;
  std::int64_t batches_done = 0;
  std::int64_t tokens_done = 0;  // in this run
  std::int64_t strings_done = 0;
};

// Asks the model every batch of a pass that is still open and commits each answer before the next
// is asked. Knows no probe by name.
//
//   near_tie_delta  logits; what marks an answer for the confirming pass
//   go_on           called before each batch and at the end; false stops after what is committed
//
// Returns  true when no batch is left open
// Errors   those of the model and of the journal
bool run_pass(Journal& journal, const LanguageModel& model, Pass pass, const ScoreOptions& options,
              double near_tie_delta, const std::function<bool(const RunProgress&)>& go_on);

}  // namespace souvenir
