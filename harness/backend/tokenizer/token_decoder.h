#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/pattern.h"

namespace souvenir::tokenizing {

// Turns the spellings of tokens back into text, step by step. Works on bytes: what is not valid
// UTF-8 stays as it is. Immutable; safe from any thread.
class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;
  virtual void apply(std::vector<std::string>& tokens, MatchScratch& scratch) const = 0;
};

// Reads the decoder of a tokenizer.json; a sequence becomes several.
//
// Errors  input: not supported (by name), or malformed
std::vector<std::unique_ptr<TokenDecoder>> read_token_decoders(const Fields& fields);

}  // namespace souvenir::tokenizing
