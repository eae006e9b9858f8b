#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/types.h"

namespace souvenir::tokenizing {

// Most ids a vocabulary may have.
inline constexpr std::int64_t kMostIds = std::int64_t{1} << 24;

// The tokens of a model, by content and by id. Ids may have gaps. Filled once, then only read:
// const methods are safe from any thread.
class Vocabulary {
 public:
  // Adds a token.
  //
  // Errors  input: the token or the id is there already, or the id is out of range
  void add(std::string_view token, std::int64_t id);

  std::optional<TokenId> find(std::string_view token) const;

  bool has(TokenId id) const {
    return id >= 0 && static_cast<std::size_t>(id) < tokens_.size() && tokens_[index(id)].present;
  }

  // Returns a view that lives as long as the vocabulary is not added to.
  //
  // Requires  has(id)
  std::string_view token(TokenId id) const {
    const Token& t = tokens_[index(id)];
    return std::string_view(arena_).substr(t.begin, t.size);
  }

  std::size_t size() const { return size_; }               // tokens
  std::size_t id_limit() const { return tokens_.size(); }  // one more than the largest id

 private:
  struct Token {
    std::size_t begin = 0;
    std::uint32_t size = 0;
    bool present = false;
  };

  static std::size_t index(TokenId id) { return static_cast<std::size_t>(id); }
  void grow();

  std::string arena_;
  std::vector<Token> tokens_;   // by id
  std::vector<TokenId> slots_;  // open addressing, power of two, -1: free
  std::size_t size_ = 0;
};

}  // namespace souvenir::tokenizing
