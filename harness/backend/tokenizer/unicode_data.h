#pragma once

#include <span>

namespace souvenir::tokenizing {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

// Code points newer than the tables of PCRE2 and utf8proc may be, each with a code point of the
// same general category, script family and UTF-8 length that every version knows.
struct StandInRange {
  char32_t first;
  char32_t last;
  char32_t stand_in;
};

// Upper-case letters newer than the tables of utf8proc: `first + i` becomes `lower_first + i`.
struct LowerRange {
  char32_t first;
  char32_t last;
  char32_t lower_first;
};

// Everything below is sorted, and was read off the reference library by asking it about every
// code point (README.md, "Unicode versions").
std::span<const StandInRange> stand_in_ranges();             // Unicode 15.0 to 16.0
std::span<const LowerRange> newer_lower_ranges();            // Unicode 15.0 to 17.0
std::span<const CodePointRange> newer_numeric_ranges();      // Unicode 17.0
std::span<const CodePointRange> word_ranges();               // \w beyond letters, marks, Nd, Nl, Pc
std::span<const CodePointRange> newer_punctuation_ranges();  // after Unicode 8.0
std::span<const CodePointRange> newer_mark_ranges();         // after Unicode 9.0
std::span<const CodePointRange> newer_extend_ranges();       // Unicode 16.0 and 17.0, for graphemes
std::span<const CodePointRange> newer_normalization_ranges();  // after Unicode 9.0, up to 14.0

}  // namespace souvenir::tokenizing
