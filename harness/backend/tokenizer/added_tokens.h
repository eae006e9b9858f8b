#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/types.h"

namespace souvenir::tokenizing {

// A token that stands beside the model's vocabulary and is looked for in the text itself.
//
//   single_word  only where it is not part of a longer word
//   lstrip       takes white space before it along; rstrip: behind it
//   normalized   looked for, in its own normal form, after normalisation; else before
//   special      a control token, e.g. the end of a text
//   sought       looked for in texts at all
//   stated       a file gives its id; else it is the next free one
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool normalized = true;
  bool special = false;
  bool sought = true;
  bool stated = true;
};

// A stretch of text: an added token, or what lies between two.
struct Stretch {
  std::size_t begin = 0;
  std::size_t end = 0;
  const AddedToken* token = nullptr;
};

// Finds the leftmost, then longest of a set of strings, from left to right. Immutable once built;
// const methods are safe from any thread.
//
// Cost  the length of the longest string per byte at worst; a table look-up per byte as a rule
class StringFinder {
 public:
  // Adds a string under an index.
  //
  // Errors  input: the string is empty or already there
  void add(std::string_view string, std::size_t index);

  struct Found {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t index = 0;
  };

  // Returns the first occurrence at or behind `from`.
  std::optional<Found> find(std::string_view text, std::size_t from) const;

  bool empty() const { return nodes_.empty(); }

 private:
  struct Edge {
    unsigned char byte;
    std::uint32_t node;
  };
  struct Node {
    std::vector<Edge> edges;  // sorted by byte
    std::optional<std::size_t> index;
  };

  const Edge* edge(const Node& node, unsigned char byte) const;

  std::vector<Node> nodes_;
  std::array<std::uint32_t, 256> roots_{};  // node after the first byte; 0: none
};

// The added tokens of a tokenizer. Immutable once built; const methods are safe from any thread.
class AddedTokens {
 public:
  AddedTokens() = default;
  AddedTokens(const AddedTokens&) = delete;
  AddedTokens& operator=(const AddedTokens&) = delete;

  // Takes the tokens over. `normal_forms` has one string for each, used for those with
  // `normalized`.
  //
  // Errors  input: an empty token, or two that are looked for as the same string
  void build(std::vector<AddedToken> tokens, std::vector<std::string> normal_forms);

  // Cuts a raw text at the tokens that are not normalised.
  std::vector<Stretch> cut_raw(std::string_view text) const { return cut(text, raw_); }

  // Cuts a normalised text at the tokens that are.
  std::vector<Stretch> cut_normalized(std::string_view text) const {
    return cut(text, normalized_);
  }

  bool any_raw() const { return !raw_.empty(); }
  bool any_normalized() const { return !normalized_.empty(); }

  const std::vector<AddedToken>& tokens() const { return tokens_; }
  // What the token of an id is decoded as, or null.
  const std::string* decoded(TokenId id) const;
  const AddedToken* find(std::string_view content) const;

 private:
  std::vector<Stretch> cut(std::string_view text, const StringFinder& finder) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::string> normal_forms_;
  std::unordered_map<TokenId, std::size_t> by_id_;
  StringFinder raw_;
  StringFinder normalized_;
};

}  // namespace souvenir::tokenizing
