#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace souvenir::tokenizing {

// Returns the offset of the first byte that does not belong to valid UTF-8 (RFC 3629: no
// surrogates, no overlong forms), or nothing if the text is valid.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

// Reads one code point and moves `position` behind it.
//
// Requires  valid UTF-8, `position` at the start of a character
char32_t next_code_point(std::string_view text, std::size_t& position);

// Appends one code point.
void append_utf8(std::string& out, char32_t code_point);

// Returns the code point if the text is exactly one.
std::optional<char32_t> only_code_point(std::string_view text);

inline bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

// Moves back to the start of the character that holds the byte at `position`.
inline std::size_t character_begin(std::string_view text, std::size_t position) {
  while (position > 0 && position < text.size() && is_continuation(text[position])) {
    --position;
  }
  return position;
}

// Moves forward to the end of the character that holds the byte before `position`.
inline std::size_t character_end(std::string_view text, std::size_t position) {
  while (position < text.size() && is_continuation(text[position])) {
    ++position;
  }
  return position;
}

}  // namespace souvenir::tokenizing
