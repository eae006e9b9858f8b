// Numbers of payment cards: Luhn, and first digits and a length that go together. Luhn alone holds
// of one random number in ten.

#include <string>

#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"

namespace souvenir {

namespace {

// Cards whose number begins with one of first to last have that many digits.
//
//   invented  first digits of numbers that payment providers publish for tests; empty: none known
struct Scheme {
  int first;
  int last;
  std::size_t prefix_digits;
  std::size_t shortest;
  std::size_t longest;
  std::string_view invented;
};
constexpr Scheme kSchemes[] = {{4, 4, 1, 13, 19, "400000"},    // Visa; no row shorter matches first
                               {51, 55, 2, 16, 16, "555555"},  // Mastercard
                               {2221, 2720, 4, 16, 16, "222300"},  // Mastercard
                               {34, 34, 2, 15, 15, "343434"},      // American Express
                               {37, 37, 2, 15, 15, "378282"},      // American Express
                               {6011, 6011, 4, 16, 19, "601111"},  // Discover
                               {65, 65, 2, 16, 19, "655590"},      // Discover
                               {3528, 3589, 4, 16, 19, "353011"},  // JCB
                               {300, 305, 3, 14, 19, "305693"},    // Diners Club
                               {36, 36, 2, 14, 19, "362272"},      // Diners Club
                               {62, 62, 2, 16, 19, "620000"},      // UnionPay
                               {50, 50, 2, 12, 19, ""},            // Maestro
                               {56, 58, 2, 12, 19, ""}};           // Maestro

const Scheme* scheme_of(std::string_view digits) {
  for (const Scheme& scheme : kSchemes) {
    if (digits.size() < scheme.shortest || digits.size() > scheme.longest) continue;
    const int start = static_cast<int>(modulo(digits.substr(0, scheme.prefix_digits), 1'000'000));
    if (start >= scheme.first && start <= scheme.last) return &scheme;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> canonical_card(std::string_view text) {
  std::string digits = bare(text);
  if (!all_digits(digits) || scheme_of(digits) == nullptr || !luhn_holds(digits)) {
    return std::nullopt;
  }
  return digits;
}

std::optional<std::string> invent_card_like(std::string_view value, Rng& rng) {
  const auto canonical = canonical_card(value);
  if (!canonical || scheme_of(*canonical)->invented.empty()) return std::nullopt;
  std::string digits(scheme_of(*canonical)->invented);
  digits += random_digits(rng, canonical->size() - digits.size() - 1);
  digits += luhn_digit(digits);
  return in_format_of(value, digits);
}

}  // namespace souvenir
