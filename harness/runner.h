#pragma once

#include <cstdint>
#include <functional>

#include "harness/boundary.h"
#include "harness/canary_space.h"
#include "harness/journal.h"
#include "harness/language_model.h"
#include "harness/near_tie.h"
#include "harness/probe.h"
#include "harness/tokenizer.h"

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
//   doubt           what marks an answer for the confirming pass
//   go_on           called before each batch and at the end; false stops after what is committed
//
// Returns  true when no batch is left open
// Errors   those of the model and of the journal
bool run_pass(Journal& journal, const LanguageModel& model, Pass pass, const ScoreOptions& options,
              const Doubt& doubt, const std::function<bool(const RunProgress&)>& go_on);

// Ranks the canaries: asks the model every batch of candidates that is still open, and commits each
// before the next.
//
//   planted       secrets of canaries, which a sample leaves out
//   seed          names the samples
//   token_budget  most tokens in one pass of the model
//
// Returns, Errors  as run_pass
// Random           the stream (seed, "candidates", set): the same sample whatever was interrupted
struct CandidateRun {
  const std::vector<CanarySpace>& spaces;
  const std::vector<Sensitive>& planted;
  const Tokenizer& tokenizer;
  const BosDecision& bos;
  std::uint64_t seed = 0;
  std::int64_t token_budget = 2048;
};
bool run_candidates(Journal& journal, const LanguageModel& model, const CandidateRun& run,
                    const std::function<bool(const RunProgress&)>& go_on);

// Lets the model write on after every prompt that is still open, batch by batch.
//
// Returns, Errors  as run_pass
// Random           as LanguageModel::generate; the stream is the prompt's digest
bool run_prompts(Journal& journal, const LanguageModel& model, const Tokenizer& tokenizer,
                 const std::vector<PromptNeeds>& needs,
                 const std::function<bool(const RunProgress&)>& go_on);

}  // namespace souvenir
