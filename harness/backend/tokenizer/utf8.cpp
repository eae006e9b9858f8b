#include "harness/backend/tokenizer/utf8.h"

#include <cstdint>
#include <cstring>

namespace souvenir::tokenizing {

namespace {

// Length of the valid sequence at the start of `bytes`, or 0.
std::size_t sequence_length(const unsigned char* bytes, std::size_t size) {
  const unsigned char lead = bytes[0];
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t length = lead < 0xC2   ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || length > size) {
    return 0;
  }
  // The second byte excludes overlong forms, surrogates and code points above U+10FFFF.
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (bytes[1] < low || bytes[1] > high) {
    return 0;
  }
  for (std::size_t i = 2; i < length; ++i) {
    if ((bytes[i] & 0xC0U) != 0x80U) {
      return 0;
    }
  }
  return length;
}

}  // namespace

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t position = 0;
  while (position < text.size()) {
    std::uint64_t block = 0;
    if (position + sizeof(block) <= text.size()) {
      std::memcpy(&block, bytes + position, sizeof(block));
      if ((block & 0x8080808080808080ULL) == 0) {
        position += sizeof(block);
        continue;
      }
    }
    const std::size_t length = sequence_length(bytes + position, text.size() - position);
    if (length == 0) {
      return position;
    }
    position += length;
  }
  return std::nullopt;
}

char32_t next_code_point(std::string_view text, std::size_t& position) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[position + i]));
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) {
    position += 1;
    return lead;
  }
  char32_t value = 0;
  if (lead < 0xE0) {
    value = ((lead & 0x1F) << 6) | (byte(1) & 0x3F);
    position += 2;
  } else if (lead < 0xF0) {
    value = ((lead & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
    position += 3;
  } else {
    value = ((lead & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) |
            (byte(3) & 0x3F);
    position += 4;
  }
  return value;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto put = [&](char32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

std::optional<char32_t> only_code_point(std::string_view text) {
  if (text.empty() || first_invalid_utf8(text)) {
    return std::nullopt;
  }
  std::size_t position = 0;
  const char32_t value = next_code_point(text, position);
  return position == text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace souvenir::tokenizing
