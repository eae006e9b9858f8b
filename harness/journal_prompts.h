#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/boundary.h"
#include "harness/probe.h"
#include "harness/sqlite.h"
#include "harness/tokenizer.h"

namespace souvenir {

// A prompt to be continued: its number, which of the needs it belongs to, and its stream.
struct PlannedPrompt {
  std::int64_t ordinal = 0;
  std::size_t need = 0;
  GenerateRequest request;
};

// Puts a user's turn into the model's chat template; nothing if the model has none.
using ChatTemplate = std::function<std::optional<std::string>(const std::string& user)>;

// The part of the journal that keeps what the model wrote after prompts. Equal prompts of several
// strings are asked once.
//
// Borrows the database. Sensitive: prompts and what came after them.
class PromptJournal {
 public:
  explicit PromptJournal(Database& database);

  // Plans the prompts of every string in the journal; within the caller's transaction. A chat
  // prompt to a model without a chat template, and a {name} that is not known, are counted as left
  // out.
  void plan(const std::vector<PromptNeeds>& needs, const Tokenizer& tokenizer,
            const BosDecision& bos, const ChatTemplate& chat,
            const std::function<void(const std::string& reason)>& leave_out);

  std::int64_t batches() const;
  std::vector<std::int64_t> open_batches() const;
  std::vector<PlannedPrompt> batch(std::int64_t ordinal) const;

  //   texts  [prompts][samples] decoded; a refused prompt has none
  void commit(std::int64_t batch, const std::vector<PlannedPrompt>& prompts,
              const std::vector<std::vector<std::string>>& texts);

  // Returns what was written for a string, in the order of the needs.
  std::vector<GeneratedText> generated(std::int64_t string) const;

  std::int64_t prompts() const;

 private:
  Database& database_;
};

}  // namespace souvenir
