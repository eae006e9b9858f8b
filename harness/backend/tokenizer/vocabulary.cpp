#include "harness/backend/tokenizer/vocabulary.h"

#include <functional>

#include "harness/error.h"

namespace souvenir::tokenizing {

void Vocabulary::add(std::string_view token, std::int64_t id) {
  if (id < 0 || id >= kMostIds) {
    throw Error(ErrorKind::input, "vocabulary: id " + std::to_string(id) + ": expected 0 to " +
                                      std::to_string(kMostIds - 1));
  }
  if (has(static_cast<TokenId>(id))) {
    throw Error(ErrorKind::input, "vocabulary: id " + std::to_string(id) + " has two tokens");
  }
  if (find(token)) {
    throw Error(ErrorKind::input, "vocabulary: the token of id " + std::to_string(id) +
                                      " is that of id " + std::to_string(*find(token)) + " too");
  }
  if (2 * (size_ + 1) > slots_.size()) {
    grow();
  }
  const auto at = static_cast<std::size_t>(id);
  if (at >= tokens_.size()) {
    tokens_.resize(at + 1);
  }
  tokens_[at] = {arena_.size(), static_cast<std::uint32_t>(token.size()), true};
  arena_ += token;
  ++size_;
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>{}(token)&mask;
  while (slots_[slot] >= 0) {
    slot = (slot + 1) & mask;
  }
  slots_[slot] = static_cast<TokenId>(id);
}

std::optional<TokenId> Vocabulary::find(std::string_view token) const {
  if (slots_.empty()) {
    return std::nullopt;
  }
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = std::hash<std::string_view>{}(token)&mask; slots_[slot] >= 0;
       slot = (slot + 1) & mask) {
    if (this->token(slots_[slot]) == token) {
      return slots_[slot];
    }
  }
  return std::nullopt;
}

void Vocabulary::grow() {
  std::vector<TokenId> larger(slots_.empty() ? 1024 : slots_.size() * 2, -1);
  const std::size_t mask = larger.size() - 1;
  for (const TokenId id : slots_) {
    if (id >= 0) {
      std::size_t slot = std::hash<std::string_view>{}(token(id)) & mask;
      while (larger[slot] >= 0) {
        slot = (slot + 1) & mask;
      }
      larger[slot] = id;
    }
  }
  slots_ = std::move(larger);
}

}  // namespace souvenir::tokenizing
