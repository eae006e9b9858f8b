#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "metrics/rng.h"

namespace souvenir {

// What is known of one kind of identifier. A row of the table in identifier.cpp.
//
//   kind         as in a subjects file
//   checked      a value has a form of its own (and often a check digit) that can be told from text
//   canonical    the one form of a value however it is written, or nothing if it is not valid
//   invent_like  a valid value in the format of another that belongs to nobody: from a block kept
//                for fiction, documentation or tests, or never given out; nothing where no such
//                block is known
//   example      valid, and nobody's
struct IdentifierKind {
  std::string_view kind;
  bool checked;
  std::optional<std::string> (*canonical)(std::string_view text);
  std::optional<std::string> (*invent_like)(std::string_view value, Rng& rng);
  std::string_view example;
};

std::span<const IdentifierKind> identifier_kinds();

// Returns the row of a kind; a kind without one is treated as text.
const IdentifierKind& identifier_kind(std::string_view kind);

// One pair per kind. Sensitive: what they take and give is subject data.
std::optional<std::string> canonical_email(std::string_view text);
std::optional<std::string> invent_email_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_phone(std::string_view text);
std::optional<std::string> invent_phone_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_iban(std::string_view text);
std::optional<std::string> invent_iban_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_nir(std::string_view text);
std::optional<std::string> invent_nir_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_siren(std::string_view text);
std::optional<std::string> invent_siren_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_siret(std::string_view text);
std::optional<std::string> invent_siret_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_vat(std::string_view text);
std::optional<std::string> invent_vat_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_card(std::string_view text);
std::optional<std::string> invent_card_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_ip(std::string_view text);
std::optional<std::string> invent_ip_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_date(std::string_view text);
std::optional<std::string> invent_date_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_words(std::string_view text);
std::optional<std::string> invent_name_like(std::string_view value, Rng& rng);
std::optional<std::string> invent_address_like(std::string_view value, Rng& rng);
std::optional<std::string> canonical_text(std::string_view text);
std::optional<std::string> invent_text_like(std::string_view value, Rng& rng);

}  // namespace souvenir
