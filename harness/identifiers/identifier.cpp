#include "harness/identifiers/identifier.h"

#include <array>

namespace souvenir {

namespace {

// The last row stands for every kind that has none of its own.
constexpr std::array<IdentifierKind, 14> kKinds = {{
    {"email", true, canonical_email, invent_email_like, "zinc.harbor42@example.org"},
    {"phone", true, canonical_phone, invent_phone_like, "06 39 98 12 34"},
    {"iban", true, canonical_iban, invent_iban_like, "FR76 3000 6000 0112 3456 7890 189"},
    {"nir", true, canonical_nir, invent_nir_like, "2 95 10 44 126 000 40"},
    {"siret", true, canonical_siret, invent_siret_like, "000 012 344 00040"},
    {"siren", true, canonical_siren, invent_siren_like, "000 012 344"},
    {"vat", true, canonical_vat, invent_vat_like, "FR 87 000 012 344"},
    {"card", true, canonical_card, invent_card_like, "4242 4242 4242 4242"},
    {"ip", true, canonical_ip, invent_ip_like, "192.0.2.17"},
    {"date_of_birth", true, canonical_date, invent_date_like, "17/03/1985"},
    {"date", true, canonical_date, invent_date_like, "1985-03-17"},
    {"name", false, canonical_words, invent_name_like, "Camille Valbrume"},
    {"address", false, canonical_words, invent_address_like, "12 rue des Lilas, 00123 Valbrume"},
    {"text", false, canonical_text, invent_text_like, "the blue kiosk"},
}};

}  // namespace

std::span<const IdentifierKind> identifier_kinds() { return kKinds; }

const IdentifierKind& identifier_kind(std::string_view kind) {
  for (const IdentifierKind& row : kKinds) {
    if (row.kind == kind) return row;
  }
  return kKinds.back();
}

}  // namespace souvenir
