// The French number of registration (NIR, "numéro de sécurité sociale") with its key.

#include <string>

#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"

namespace souvenir {

namespace {

int number(std::string_view digits) { return static_cast<int>(modulo(digits, 1'000'000'000)); }

bool valid_month(int month) {
  return (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
}

// Mainland, Corsica, overseas (three digits that begin 97 or 98), born abroad (99).
bool valid_department(std::string_view two) {
  return two == "2A" || two == "2B" || (all_digits(two) && number(two) >= 1 && number(two) != 96);
}

std::string key_of(std::string_view thirteen) {
  std::string digits(thirteen);
  if (digits[6] == 'A') digits.replace(5, 2, "19");
  if (digits[6] == 'B') digits.replace(5, 2, "18");
  const std::uint64_t key = 97 - modulo(digits, 97);
  return {static_cast<char>('0' + key / 10), static_cast<char>('0' + key % 10)};
}

bool valid_body(std::string_view nir) {
  const std::string_view around = "123478";
  if (around.find(nir[0]) == std::string_view::npos || !all_digits(nir.substr(0, 5)) ||
      !is_digit(nir[5]) || !(is_digit(nir[6]) || nir[6] == 'A' || nir[6] == 'B') ||
      !all_digits(nir.substr(7))) {
    return false;
  }
  return valid_month(number(nir.substr(3, 2))) && valid_department(nir.substr(5, 2));
}

}  // namespace

std::optional<std::string> canonical_nir(std::string_view text) {
  std::string nir = bare(text);
  if ((nir.size() != 13 && nir.size() != 15) || !valid_body(nir)) return std::nullopt;
  const std::string key = key_of(std::string_view(nir).substr(0, 13));
  if (nir.size() == 15 && nir.substr(13) != key) return std::nullopt;
  return nir.substr(0, 13) + key;
}

std::optional<std::string> invent_nir_like(std::string_view value, Rng& rng) {
  const auto canonical = canonical_nir(value);
  if (!canonical) return std::nullopt;
  const auto two = [](std::uint64_t v) {
    return std::string{static_cast<char>('0' + v / 10), static_cast<char>('0' + v % 10)};
  };
  std::string nir(1, (*canonical)[0]);
  nir += random_digits(rng, 2) + two(1 + rng.uniform_below(12));
  // Corsica is kept, since its letter is a part of the format.
  const bool corsica = is_letter((*canonical)[6]);
  std::uint64_t department = 1 + rng.uniform_below(94);
  department += department >= 20 ? 1 : 0;  // 20 was Corsica, long ago
  nir += corsica ? canonical->substr(5, 2) : two(department);
  nir += random_digits(rng, 3) + "000";  // an order number that is never given out
  nir += key_of(nir);
  return in_format_of(value, bare(value).size() == 15 ? nir : nir.substr(0, 13));
}

}  // namespace souvenir
