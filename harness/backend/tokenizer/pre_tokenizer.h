#pragma once

#include <memory>
#include <vector>

#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/pattern.h"
#include "harness/backend/tokenizer/pieces.h"

namespace souvenir::tokenizing {

// Cuts text into pieces, no token reaching over two of them. Immutable; safe from any thread.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(Pieces& pieces, MatchScratch& scratch) const = 0;
};

// Reads the pre-tokeniser of a tokenizer.json; a sequence becomes several.
//
// Errors  input: not supported (by name), or malformed
std::vector<std::unique_ptr<PreTokenizer>> read_pre_tokenizers(const Fields& fields);

// How Metaspace marks the start of a text.
enum class PrependScheme { first, never, always };

// Reads the fields "prepend_scheme" and the older "add_prefix_space".
PrependScheme read_prepend_scheme(const Fields& fields);

}  // namespace souvenir::tokenizing
