#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/identifiers/identifier.h"

namespace souvenir {

// A valid value that stands in a text. Sensitive.
//
//   raw        as it is written
//   canonical  in the one form of its kind
//   begin      byte where it begins
struct FoundValue {
  std::string raw;
  std::string canonical;
  std::size_t begin = 0;
};

// How values of one kind are told from the text around them. A row of the table in recognisers.cpp;
// one file each.
//
//   candidates  RE2; what may be a value, and how far it may go at most. Its own check digits and
//               form decide, and a shorter piece of it may be the value
//   text        the positive control: a sentence that holds one value, and nothing else of the kind
//   value       that value, in canonical form
struct Recogniser {
  std::string_view kind;
  std::string_view candidates;
  std::string_view text;
  std::string_view value;
};

std::span<const Recogniser> recognisers();

// Returns the recogniser of a kind, or null: names, addresses and texts are looked for by value.
const Recogniser* find_recogniser(std::string_view kind);

// Returns the values of a kind in a text, from left to right, none inside another; at most `limit`.
//
// Cost  linear in the text per candidate (RE2); at most 1000 candidates are looked at
std::vector<FoundValue> find_values(const Recogniser& recogniser, std::string_view text,
                                    std::size_t limit);

// One row per file.
extern const Recogniser kCardRecogniser;
extern const Recogniser kDateRecogniser;
extern const Recogniser kDateOfBirthRecogniser;
extern const Recogniser kEmailRecogniser;
extern const Recogniser kIbanRecogniser;
extern const Recogniser kIpRecogniser;
extern const Recogniser kNirRecogniser;
extern const Recogniser kPhoneRecogniser;
extern const Recogniser kSirenRecogniser;
extern const Recogniser kSiretRecogniser;
extern const Recogniser kVatRecogniser;

}  // namespace souvenir
