#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/vocabulary.h"
#include "harness/types.h"

namespace souvenir::tokenizing {

// A token and how many bytes of the piece it takes up. If it `stays`, the next one stands for the
// same bytes.
struct ModelToken {
  TokenId id = 0;
  std::uint32_t size = 0;
  bool stays = false;
};

// Turns one piece of pre-tokenised text into tokens. Immutable; const methods are safe from any
// thread.
class Model {
 public:
  virtual ~Model() = default;

  virtual const Vocabulary& vocabulary() const = 0;

  // Appends the tokens of a piece.
  //
  // Requires  a piece that is not empty
  // Errors    input: the piece needs an unknown token, and the vocabulary has none
  virtual void tokenize(std::string_view piece, std::vector<ModelToken>& out) const = 0;

  // The unknown token, where the reference library takes it to be spelled as the text it stands
  // for.
  virtual std::optional<TokenId> spelled_unknown() const { return std::nullopt; }

  // Whether tokenize_bytes() may be used in place of tokenize().
  virtual bool takes_bytes() const { return false; }

  // Appends the tokens of a piece given as raw bytes, as if they had been spelled in the byte-level
  // alphabet first; sizes count raw bytes.
  virtual void tokenize_bytes(std::string_view piece, std::vector<ModelToken>& out) const = 0;
};

}  // namespace souvenir::tokenizing
