#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "metrics/rng.h"

namespace souvenir {

// ASCII only, whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter(char c) { return is_upper(c) || is_lower(c); }
constexpr char to_upper(char c) { return is_lower(c) ? static_cast<char>(c - 32) : c; }
constexpr char to_lower(char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; }

bool all_digits(std::string_view text);

// Returns the text without spaces (also no-break and thin ones), dots, hyphens, slashes and
// brackets, in capitals: how an identifier is compared.
std::string bare(std::string_view text);

// Returns the text in `format` with its letters and digits replaced, in order, by those of `bare`,
// whose case follows the format's. Everything else stays.
//
// Requires  as many letters and digits in both
std::string in_format_of(std::string_view format, std::string_view bare);

// Replaces digits by digits and runs of letters by invented words, keeping length and case.
std::string invent_shape(std::string_view value, Rng& rng);

// Requires  value < 100
std::string two_digits(std::uint64_t value);

std::string random_digits(Rng& rng, std::size_t count);

// Returns the number of the digits modulo `modulus`, up to 2^31.
//
// Requires  digits only
std::uint64_t modulo(std::string_view digits, std::uint64_t modulus);

// Returns whether the last digit makes the Luhn sum a multiple of ten.
bool luhn_holds(std::string_view digits);

// Returns the digit that does.
char luhn_digit(std::string_view digits_before);

}  // namespace souvenir
