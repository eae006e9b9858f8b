#include "harness/backend/tokenizer/byte_level.h"

#include <array>
#include <cstddef>

#include "harness/backend/tokenizer/utf8.h"

namespace souvenir::tokenizing {

namespace {

constexpr std::size_t kAlphabetEnd = 0x100 + 68;  // 68 bytes are not printable

struct Tables {
  std::array<char32_t, 256> characters{};
  std::array<int, kAlphabetEnd> bytes{};
};

constexpr bool is_printable(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr Tables make_tables() {
  Tables tables;
  tables.bytes.fill(-1);
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t character = is_printable(byte) ? byte : next++;
    tables.characters[byte] = character;
    tables.bytes[character] = static_cast<int>(byte);
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

char32_t byte_character(unsigned char byte) { return kTables.characters[byte]; }

std::optional<unsigned char> character_byte(char32_t character) {
  if (character >= kAlphabetEnd || kTables.bytes[character] < 0) {
    return std::nullopt;
  }
  return static_cast<unsigned char>(kTables.bytes[character]);
}

std::string spell_bytes(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    append_utf8(out, byte_character(static_cast<unsigned char>(byte)));
  }
  return out;
}

std::string spelled_bytes(std::string_view token) {
  std::string out;
  for (std::size_t position = 0; position < token.size();) {
    const auto byte = character_byte(next_code_point(token, position));
    if (!byte) {
      return std::string(token);
    }
    out += static_cast<char>(*byte);
  }
  return out;
}

std::string byte_token(unsigned byte) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4U & 15U], kDigits[byte & 15U], '>'};
}

}  // namespace souvenir::tokenizing
