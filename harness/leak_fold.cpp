#include <cstdint>
#include <string>

#include "harness/leak_text.h"

namespace souvenir {

namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 1;
  bool valid = false;
};

// Lenient: a byte that starts no sequence is kept as it is.
CodePoint read_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || at + length > text.size()) {
    return {};
  }
  std::uint32_t value = length == 1 ? lead : lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return {};
    }
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  return {value, length, true};
}

bool is_space(std::uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_invisible(std::uint32_t c) {
  return c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

// Simple case folding of the scripts that have case in one or two bytes of UTF-8; the folded form
// has as many bytes, but for the long s and the capital Y with diaeresis.
std::uint32_t fold_case(std::uint32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c < 0xC0 || c > 0x42F) return c;
  if (c <= 0xDE) return c == 0xD7 ? c : c + 32;
  if (c == 0x178) return 0xFF;
  if (c == 0x17F) return 's';
  const bool odd_is_capital = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  if (c >= 0x100 && c <= 0x17E && c != 0x138 && c != 0x149 && c != 0x131 && c != 0x130) {
    return (c % 2 == 1) == odd_is_capital ? c + 1 : c;
  }
  if (c == 0x386) return 0x3AC;
  if (c >= 0x388 && c <= 0x38A) return c + 37;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 63;
  if (c >= 0x391 && c <= 0x3AB) return c + 32;
  if (c == 0x3C2) return 0x3C3;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  return c >= 0x410 ? c + 32 : c;
}

std::string two_bytes(std::uint32_t c) {
  if (c < 0x80) return std::string(1, static_cast<char>(c));
  return {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
}

// Calls `put` with each piece of the folded text and where it began.
void fold(std::string_view text, auto&& put) {
  bool in_space = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = read_point(text, at);
    const std::string_view here = text.substr(at, point.length);
    if (point.valid && is_space(point.value)) {
      if (!in_space) put(" ", at);
    } else if (point.valid && point.length <= 2 && fold_case(point.value) != point.value) {
      put(two_bytes(fold_case(point.value)), at);
    } else if (!point.valid || !is_invisible(point.value)) {
      put(here, at);
    }
    in_space = point.valid && (is_space(point.value) || (in_space && is_invisible(point.value)));
    at += point.length;
  }
}

}  // namespace

TracedText folded(const TracedText& text) {
  TracedText out;
  fold(text.bytes(),
       [&](std::string_view bytes, std::size_t at) { out.append(bytes, text.source(at)); });
  return out;
}

std::string folded(std::string_view text) {
  std::string out;
  fold(text, [&](std::string_view bytes, std::size_t) { out += bytes; });
  return out;
}

}  // namespace souvenir
