#include "harness/backend/tokenizer/charsmap.h"

#include <cstddef>

#include "harness/backend/tokenizer/utf8.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

// A unit of the trie: the byte that leads to it, whether a string ends there, and where its
// children are, relative to it.
constexpr std::uint32_t kLeaf = 1U << 31;

std::uint32_t label(std::uint32_t unit) { return unit & (kLeaf | 0xFFU); }
bool has_leaf(std::uint32_t unit) { return (unit >> 8U & 1U) != 0; }
std::size_t offset(std::uint32_t unit) {
  return static_cast<std::size_t>(unit >> 10U) << ((unit & (1U << 9U)) >> 6U);
}

[[noreturn]] void fail(const char* problem) {
  throw Error(ErrorKind::input, std::string("precompiled_charsmap: ") + problem);
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

}  // namespace

Charsmap::Charsmap(std::string_view bytes) {
  const std::size_t units = bytes.size() < 4 ? 0 : little_endian(bytes, 0) / 4;
  if (units == 0 || units > (bytes.size() - 4) / 4) {
    fail("expected a trie, and found it empty or cut off");
  }
  units_.reserve(units);
  for (std::size_t i = 0; i < units; ++i) {
    units_.push_back(little_endian(bytes, 4 + 4 * i));
  }
  replacements_ = bytes.substr(4 + 4 * units);
  if (first_invalid_utf8(replacements_)) {
    fail("the replacements are not valid UTF-8");
  }
}

std::uint32_t Charsmap::unit(std::size_t at) const {
  if (at >= units_.size()) {
    fail("damaged: the trie leads out of itself");
  }
  return units_[at];
}

std::string_view Charsmap::replacement(std::size_t at) const {
  if (at > replacements_.size() ||
      (at < replacements_.size() && is_continuation(replacements_[at]))) {
    fail("damaged: no replacement begins where the trie says");
  }
  const std::string_view rest = std::string_view(replacements_).substr(at);
  return rest.substr(0, rest.find('\0'));
}

std::optional<std::string_view> Charsmap::find(std::string_view text) const {
  std::size_t at = offset(unit(0));
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) {
      break;
    }
    at ^= byte;
    const std::uint32_t here = unit(at);
    if (label(here) != byte) {
      break;
    }
    at ^= offset(here);
    if (has_leaf(here)) {
      return replacement(unit(at) & ~kLeaf);
    }
  }
  return std::nullopt;
}

}  // namespace souvenir::tokenizing
