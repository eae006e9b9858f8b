#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace souvenir::tokenizing {

// Character properties as the reference library (Hugging Face tokenizers) has them. Its parts carry
// tables of different Unicode versions; these functions reconcile them with utf8proc.

bool is_white_space(char32_t code_point);  // White_Space
bool is_numeric(char32_t code_point);      // Nd, Nl, No
bool is_punctuation(char32_t code_point);  // ASCII punctuation, and P*
bool is_word(char32_t code_point);         // \w
bool is_mark(char32_t code_point);         // Mn, Mc, Me of Unicode 9
bool is_newer_than_normalization(char32_t code_point);

// Returns a code point that takes part in grapheme clusters in the same way, and that every table
// knows.
char32_t grapheme_stand_in(char32_t code_point);

// Lower case of one code point: at most two.
struct LowerCase {
  char32_t first = 0;
  std::optional<char32_t> second;
};
LowerCase lower_case(char32_t code_point);

// Returns a code point of the same category that every table knows, or the code point itself.
char32_t stand_in(char32_t code_point);

// Whether a range has a code point that has a stand-in, or is one.
bool touches_stand_ins(char32_t first, char32_t last);

// Returns the text with its newest code points replaced by their stand-ins, of the same length
// each; or nothing if there is nothing to replace, which is the usual case.
//
// Requires  valid UTF-8
std::optional<std::string> with_stand_ins(std::string_view text);

// Names the versions at work, for the evidence.
std::string unicode_versions();

}  // namespace souvenir::tokenizing
