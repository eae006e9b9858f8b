#pragma once

#include <memory>
#include <vector>

#include "harness/backend/tokenizer/aligned_text.h"
#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/pattern.h"

namespace souvenir::tokenizing {

// Rewrites text before it is cut into pieces. Immutable; safe from any thread.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(AlignedText& text, MatchScratch& scratch) const = 0;
};

// Reads the normaliser of a tokenizer.json; a sequence becomes several.
//
// Errors  input: not supported (by name), or malformed
std::vector<std::unique_ptr<Normalizer>> read_normalizers(const Fields& fields);

// Reads {"String": …} or {"Regex": …}.
//
// Errors  input: as above
Pattern read_pattern(const Fields& fields, std::string_view name);

}  // namespace souvenir::tokenizing
