#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir::tokenizing {

// The table a SentencePiece model normalises with (`precompiled_charsmap`): strings and what
// replaces each, the former in a double-array trie. Immutable; const methods are safe from any
// thread.
class Charsmap {
 public:
  // Reads the size of the trie (32 bits, little-endian), its units and the replacements, each
  // with a zero byte behind it.
  //
  // Errors  input: cut off, an empty trie, or replacements that are not valid UTF-8
  explicit Charsmap(std::string_view bytes);

  // Returns what replaces the shortest string of the table that the text begins with: the one the
  // reference library takes, though it stands for less of the text than a longer one would.
  //
  // Errors  input: the table leads out of itself
  std::optional<std::string_view> find(std::string_view text) const;

 private:
  std::uint32_t unit(std::size_t at) const;
  std::string_view replacement(std::size_t at) const;

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace souvenir::tokenizing
