// IBAN (ISO 13616), with the key of a French RIB.

#include <array>
#include <string>

#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"

namespace souvenir {

namespace {

struct Country {
  std::string_view code;
  std::size_t length;
};
constexpr Country kCountries[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BR", 29}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18},
    {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22},
    {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22},
    {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28},
    {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NL", 18}, {"NO", 15}, {"PK", 24}, {"PL", 28}, {"PS", 29},
    {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"SA", 24}, {"SE", 24}, {"SI", 19}, {"SK", 24},
    {"SM", 27}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}};

std::size_t length_of(std::string_view country) {
  for (const Country& row : kCountries) {
    if (row.code == country) return row.length;
  }
  return 0;
}

bool has_rib_key(std::string_view iban) { return iban.starts_with("FR") || iban.starts_with("MC"); }

// Letters become two digits, as ISO 13616 has it: A is 10.
std::string as_digits(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    digits += is_digit(c) ? std::string(1, c) : std::to_string(c - 'A' + 10);
  }
  return digits;
}

// Letters become one digit, as a RIB has it: A and J are 1, S is 2.
std::string as_rib_digits(std::string_view text) {
  constexpr std::string_view kDigitOf = "12345678912345678923456789";
  std::string digits;
  for (const char c : text) {
    digits += is_digit(c) ? c : kDigitOf[static_cast<std::size_t>(c - 'A')];
  }
  return digits;
}

// `account` is bank, branch and account: 21 characters.
std::string rib_key(std::string_view account) {
  return two_digits(97 - modulo(as_rib_digits(account) + "00", 97));
}

std::string check_digits(std::string_view country, std::string_view bban) {
  return two_digits(98 - modulo(as_digits(std::string(bban) + std::string(country) + "00"), 97));
}

}  // namespace

std::optional<std::string> canonical_iban(std::string_view text) {
  const std::string iban = bare(text);
  if (iban.size() < 15 || iban.size() != length_of(std::string_view(iban).substr(0, 2))) {
    return std::nullopt;
  }
  const std::string_view whole = iban;
  if (!all_digits(whole.substr(2, 2))) return std::nullopt;
  for (const char c : whole) {
    if (!is_digit(c) && !is_upper(c)) return std::nullopt;
  }
  if (modulo(as_digits(whole.substr(4)) + as_digits(whole.substr(0, 4)), 97) != 1) {
    return std::nullopt;
  }
  if (has_rib_key(whole) && rib_key(whole.substr(4, 21)) != whole.substr(25)) return std::nullopt;
  return iban;
}

std::optional<std::string> invent_iban_like(std::string_view value, Rng& rng) {
  const auto canonical = canonical_iban(value);
  if (!canonical) return std::nullopt;
  const std::string country = canonical->substr(0, 2);
  std::string bban;
  for (const char c : canonical->substr(4)) {
    // No bank has a code of noughts, or of ZZZZ where it is made of letters.
    const bool bank = bban.size() < 4;
    if (is_digit(c)) {
      bban += bank ? '0' : static_cast<char>('0' + rng.uniform_below(10));
    } else {
      bban += bank ? 'Z' : static_cast<char>('A' + rng.uniform_below(26));
    }
  }
  if (has_rib_key(country)) {
    bban[4] = '0';
    bban = bban.substr(0, 21) + rib_key(std::string_view(bban).substr(0, 21));
  }
  return in_format_of(value, country + check_digits(country, bban) + bban);
}

}  // namespace souvenir
