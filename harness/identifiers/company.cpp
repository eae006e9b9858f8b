// SIREN, SIRET and the French VAT number: a company's, and a person's where the person is one.

#include <string>

#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"

namespace souvenir {

namespace {

constexpr std::string_view kLaPoste = "356000000";

bool valid_siret(std::string_view siret) {
  if (luhn_holds(siret)) return true;
  // La Poste has more establishments than Luhn has room for.
  int sum = 0;
  for (const char c : siret) sum += c - '0';
  return siret.starts_with(kLaPoste) && sum % 5 == 0;
}

std::string vat_key(std::string_view siren) {
  const std::uint64_t key = (12 + 3 * modulo(siren, 97)) % 97;
  return {static_cast<char>('0' + key / 10), static_cast<char>('0' + key % 10)};
}

// Numbers that begin 0000 lie below the first that was ever given out.
std::string invent_siren(Rng& rng) {
  std::string siren = "0000" + random_digits(rng, 4);
  return siren + luhn_digit(siren);
}

}  // namespace

std::optional<std::string> canonical_siren(std::string_view text) {
  std::string siren = bare(text);
  if (siren.size() != 9 || !all_digits(siren) || !luhn_holds(siren)) return std::nullopt;
  return siren;
}

std::optional<std::string> invent_siren_like(std::string_view value, Rng& rng) {
  if (!canonical_siren(value)) return std::nullopt;
  return in_format_of(value, invent_siren(rng));
}

std::optional<std::string> canonical_siret(std::string_view text) {
  std::string siret = bare(text);
  if (siret.size() != 14 || !all_digits(siret) || !valid_siret(siret)) return std::nullopt;
  return siret;
}

std::optional<std::string> invent_siret_like(std::string_view value, Rng& rng) {
  if (!canonical_siret(value)) return std::nullopt;
  std::string siret = invent_siren(rng) + "000" + random_digits(rng, 1);
  siret += luhn_digit(siret);
  return in_format_of(value, siret);
}

std::optional<std::string> canonical_vat(std::string_view text) {
  std::string vat = bare(text);
  if (vat.size() != 13 || !vat.starts_with("FR") || !all_digits(std::string_view(vat).substr(2))) {
    return std::nullopt;
  }
  const std::string siren = vat.substr(4);
  if (!luhn_holds(siren) || vat.substr(2, 2) != vat_key(siren)) return std::nullopt;
  return vat;
}

std::optional<std::string> invent_vat_like(std::string_view value, Rng& rng) {
  if (!canonical_vat(value)) return std::nullopt;
  const std::string siren = invent_siren(rng);
  return in_format_of(value, "FR" + vat_key(siren) + siren);
}

}  // namespace souvenir
