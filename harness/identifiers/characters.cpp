#include "harness/identifiers/characters.h"

#include <algorithm>
#include <stdexcept>

#include "harness/identifiers/person.h"

namespace souvenir {

namespace {

// Bytes of a separator at `at`: one of ASCII, or a space of two or three bytes of UTF-8.
std::size_t separator_bytes(std::string_view text, std::size_t at) {
  constexpr std::string_view kAscii = " \t.-/()";
  if (kAscii.find(text[at]) != std::string_view::npos) return 1;
  for (const std::string_view space :
       {"\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89", "\xE2\x80\x90", "\xE2\x80\x91"}) {
    if (text.substr(at, space.size()) == space) return space.size();
  }
  return 0;
}

int luhn_sum(std::string_view digits, bool double_last) {
  int sum = 0;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    const int value = (*digit - '0') * (double_last ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
    double_last = !double_last;
  }
  return sum;
}

}  // namespace

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

std::string bare(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t skip = separator_bytes(text, at);
    if (skip == 0) out += to_upper(text[at]);
    at += skip == 0 ? 1 : skip;
  }
  return out;
}

std::string in_format_of(std::string_view format, std::string_view bare) {
  std::string out(format);
  std::size_t next = 0;
  for (char& c : out) {
    if (!is_digit(c) && !is_letter(c)) continue;
    if (next == bare.size()) throw std::invalid_argument("in_format_of: too few characters");
    const bool lower = is_lower(c);
    c = lower ? to_lower(bare[next]) : bare[next];
    ++next;
  }
  if (next != bare.size()) throw std::invalid_argument("in_format_of: too many characters");
  return out;
}

std::string invent_shape(std::string_view value, Rng& rng) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool hexadecimal = value.size() >= 8 && std::any_of(value.begin(), value.end(), is_digit) &&
                           std::all_of(value.begin(), value.end(), [&](char c) {
                             return !is_letter(c) || kHex.find(to_lower(c)) != std::string::npos;
                           });
  std::string out(value);
  for (std::size_t at = 0; at < out.size();) {
    std::size_t end = at;
    while (end < out.size() && is_letter(out[end])) ++end;
    if (end == at) {
      if (is_digit(out[at])) out[at] = static_cast<char>('0' + rng.uniform_below(10));
      ++at;
      continue;
    }
    const std::string word = invent_word(rng, static_cast<int>(end - at));
    for (std::size_t i = at; i < end; ++i) {
      const char c = hexadecimal ? kHex[10 + rng.uniform_below(6)] : word[i - at];
      out[i] = is_upper(out[i]) ? to_upper(c) : c;
    }
    at = end;
  }
  return out;
}

std::string two_digits(std::uint64_t value) {
  return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

std::string random_digits(Rng& rng, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('0' + rng.uniform_below(10));
  return out;
}

std::uint64_t modulo(std::string_view digits, std::uint64_t modulus) {
  std::uint64_t rest = 0;
  for (const char c : digits) rest = (rest * 10 + static_cast<std::uint64_t>(c - '0')) % modulus;
  return rest;
}

bool luhn_holds(std::string_view digits) { return luhn_sum(digits, false) % 10 == 0; }

char luhn_digit(std::string_view digits_before) {
  return static_cast<char>('0' + (10 - luhn_sum(digits_before, true) % 10) % 10);
}

}  // namespace souvenir
