#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace souvenir::tokenizing {

// The alphabet of byte-level vocabularies: each of the 256 byte values is spelled as one printable
// character. Printable Latin-1 bytes are themselves, the rest follow from U+0100 in order.

// Returns the character a byte is spelled as.
char32_t byte_character(unsigned char byte);

// Returns the byte a character spells, if it is of the alphabet.
std::optional<unsigned char> character_byte(char32_t character);

// Spells bytes as characters.
std::string spell_bytes(std::string_view bytes);

// Returns the bytes a token spells; a token with any other character stands for itself.
std::string spelled_bytes(std::string_view token);

// Returns the token that vocabularies with byte fallback have for a byte: "<0x0A>".
std::string byte_token(unsigned byte);

}  // namespace souvenir::tokenizing
