#include <array>
#include <cstdint>
#include <cstdio>

#include "reports/text.h"

namespace souvenir {

namespace {

struct Sequence {
  std::uint32_t point = 0;
  std::size_t length = 0;  // 0: not UTF-8
};

Sequence read_sequence(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const unsigned lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  std::uint32_t point = length < 2 ? lead : lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) {
      return {lead, 0};
    }
    point = (point << 6) | (byte(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return overlong || surrogate || point > 0x10FFFF ? Sequence{lead, 0} : Sequence{point, length};
}

bool is_shown(std::uint32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
  const bool direction = c == 0x61C || (c >= 0x200E && c <= 0x200F) ||
                         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  const bool invisible = c == 0xAD || (c >= 0x200B && c <= 0x200D) || c == 0x2028 || c == 0x2029 ||
                         (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF ||
                         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
  // XML has no way to write these.
  const bool not_a_character = (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
  return !control && !direction && !invisible && !not_a_character;
}

std::string visible_escape(char letter, std::uint32_t value) {
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "\\%c{%0*X}", letter, letter == 'x' ? 2 : 4, value);
  return buffer.data();
}

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string visible(std::string_view text, std::string_view kept) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Sequence sequence = read_sequence(text, at);
    const std::size_t length = sequence.length == 0 ? 1 : sequence.length;
    if (sequence.length == 0) {
      out += visible_escape('x', sequence.point);
    } else if (!is_shown(sequence.point) && kept.find(text[at]) == std::string_view::npos) {
      out += visible_escape('u', sequence.point);
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  return out;
}

Html escaped(std::string_view text) {
  std::string out;
  for (const char c : visible(text)) {
    const std::string_view name = entity(c);
    out += name.empty() ? std::string(1, c) : std::string(name);
  }
  return {out};
}

Html isolated(std::string_view text) { return {"<bdi>" + escaped(text).markup + "</bdi>"}; }

}  // namespace souvenir
