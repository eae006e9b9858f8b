#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/json_fields.h"
#include "harness/types.h"

namespace souvenir::tokenizing {

// A token with where it comes from. `leading` and `trailing` count the white-space characters its
// own spelling begins and ends with.
//
//   begin, end  what is reported as its offsets; trimmed, where the tokenizer trims
//   text_end    its untrimmed end
struct PlacedToken {
  TokenId id = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t text_end = 0;
  std::uint16_t leading = 0;
  std::uint16_t trailing = 0;
  bool added = false;  // by a post-processor
};

// Works on the tokens of a whole text: adds special ones, trims offsets. Immutable; safe from any
// thread.
class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  virtual void apply(std::string_view text, bool add_special_tokens,
                     std::vector<PlacedToken>& tokens) const = 0;

  // Whether it needs `leading` and `trailing`.
  virtual bool trims() const { return false; }

  // Every id it may add.
  virtual std::vector<TokenId> added_ids() const { return {}; }
};

// Reads the post-processor of a tokenizer.json; a sequence becomes several.
//
// Errors  input: not supported (by name), or malformed
std::vector<std::unique_ptr<PostProcessor>> read_post_processors(const Fields& fields);

// Counts the white-space characters at both ends of a token's spelling, as trimming does.
void count_space(std::string_view spelling, PlacedToken& token);

}  // namespace souvenir::tokenizing
