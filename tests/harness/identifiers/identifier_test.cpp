#include "harness/identifiers/identifier.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <set>

#include "harness/identifiers/characters.h"
#include "harness/identifiers/person.h"

using namespace souvenir;

namespace {

std::string canonical(const std::string& kind, const std::string& text) {
  return identifier_kind(kind).canonical(text).value_or("");
}

// Digits become 0, letters a or A: what two values of one format share.
std::string shape(std::string text) {
  for (char& c : text) c = is_digit(c) ? '0' : is_upper(c) ? 'A' : is_lower(c) ? 'a' : c;
  return text;
}

}  // namespace

// Published examples, and the vectors of the reference tables.
TEST_CASE("identifiers have one canonical form, or none", "[identifier]") {
  const auto [kind, text, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"email", "Zinc.Harbor42@Example.ORG", "zinc.harbor42@example.org"},
      {"email", "a+b@mail.example.co", "a+b@mail.example.co"},
      {"email", "a..b@example.org", ""},
      {"email", ".a@example.org", ""},
      {"email", "a@example", ""},
      {"email", "a@-example.org", ""},
      {"email", "@example.org", ""},
      {"email", "a b@example.org", ""},
      {"email", "a@1.2.3.4", ""},
      {"phone", "06 39 98 12 34", "+33639981234"},
      {"phone", "+33 (0)6.39.98.12.34", "+33639981234"},
      {"phone", "0033-6-39-98-12-34", "+33639981234"},
      {"phone", "0199001234", "+33199001234"},
      {"phone", "06 39 98 12 3", ""},
      {"phone", "+33 0 39 98 12 34", ""},
      {"phone", "+1 (212) 555-0123", "+12125550123"},
      {"phone", "+1 112 555 0123", ""},
      {"phone", "+44 7700 900123", "+447700900123"},
      {"phone", "12345678", ""},
      {"iban", "FR76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189"},
      {"iban", "FR14 2004 1010 0505 0001 3M02 606", "FR1420041010050500013M02606"},
      {"iban", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"},
      {"iban", "GB82-WEST-1234-5698-7654-32", "GB82WEST12345698765432"},
      {"iban", "FR76 3000 6000 0112 3456 7890 188", ""},
      {"iban", "DE89 3704 0044 0532 0130 0", ""},
      {"iban", "XX76 3000 6000 0112 3456 7890 189", ""},
      {"nir", "2 95 10 99 126 111 93", "295109912611193"},
      {"nir", "2951099126111", "295109912611193"},
      {"nir", "253072A073004 43", "253072A07300443"},
      {"nir", "253072B07300470", "253072B07300470"},
      {"nir", "2 06 12 75 111 005 64", "206127511100564"},
      {"nir", "2951099126111 94", ""},
      {"nir", "5951099126111", ""},
      {"nir", "2951399126111", ""},
      {"nir", "2951000126111", ""},
      {"siren", "732 829 320", "732829320"},
      {"siren", "732 829 321", ""},
      {"siret", "732 829 320 00074", "73282932000074"},
      {"siret", "73282932000075", ""},
      {"siret", "356 000 000 00048", "35600000000048"},
      {"siret", "35600000049837", "35600000049837"},
      {"siret", "35600000049838", ""},
      {"vat", "FR 44 732829320", "FR44732829320"},
      {"vat", "FR83404833048", "FR83404833048"},
      {"vat", "FR84404833048", ""},
      {"card", "4242 4242 4242 4242", "4242424242424242"},
      {"card", "5555-5555-5555-4444", "5555555555554444"},
      {"card", "378282246310005", "378282246310005"},
      {"card", "4242 4242 4242 4243", ""},
      {"card", "0000 0000 0000 0000", ""},
      {"card", "9999 9999 9999 9995", ""},
      {"ip", "192.0.2.17", "192.0.2.17"},
      {"ip", "2001:0DB8:0::0001", "2001:db8::1"},
      {"ip", "192.0.2.256", ""},
      {"ip", "1.2.3", ""},
      {"date", "17/03/1985", "1985-03-17"},
      {"date", "03/17/1985", "1985-03-17"},
      {"date", "17.3.1985", "1985-03-17"},
      {"date", "1985-03-17", "1985-03-17"},
      {"date", "17 mars 1985", "1985-03-17"},
      {"date", "1er août 1985", "1985-08-01"},
      {"date", "1 AOÛT 1985", "1985-08-01"},
      {"date", "March 17th, 1985", "1985-03-17"},
      {"date", "17 Mar 1985", "1985-03-17"},
      {"date", "29/02/2024", "2024-02-29"},
      {"date", "29/02/2023", ""},
      {"date", "31/04/1985", ""},
      {"date", "17/03/85", ""},
      {"name", "  Zoé  LŒVENBRUCK-Valbrume ", "zoe loevenbruck valbrume"},
      {"address", "12, rue des Lilas\n00123  Valbrume", "12 rue des lilas 00123 valbrume"},
      {"text", "The  Blue\tKiosk ", "the blue kiosk"},
      {"no_such_kind", "The Blue Kiosk", "the blue kiosk"},
  }));
  CAPTURE(kind, text);
  CHECK(canonical(kind, text) == expected);
}

TEST_CASE("check digits agree with python-stdnum", "[identifier]") {
  std::ifstream in(std::string(SOUVENIR_SOURCE_DIR) + "/tests/golden/identifiers.tsv");
  std::string kind, value;
  bool valid = false;
  int rows = 0;
  while (in >> kind >> value >> valid) {
    CAPTURE(kind, value);
    CHECK((canonical(kind, value) == value) == valid);
    ++rows;
  }
  CHECK(rows == 300);
}

// Published: with a numeric account, a French key makes the check digits 76, always.
TEST_CASE("a French account of digits alone has the check digits 76", "[identifier]") {
  for (std::uint64_t i = 0; i < 100; ++i) {
    Rng rng(4, "rib", {i});
    const auto value = *identifier_kind("iban").invent_like("FR7630006000011234567890189", rng);
    CAPTURE(value);
    CHECK(value.substr(0, 4) == "FR76");
    CHECK(canonical("iban", "FR77" + value.substr(4)).empty());
  }
}

// A SIRET is a Luhn number: one of ten. A NIR: 6 of 10 sexes, 85 of 100 months, 98 of 100
// departments, one key of 100: 0.4998 %. Further away than this has a chance below 1e-5.
TEST_CASE("random digits pass as seldom as their check digits say", "[identifier]") {
  Rng rng(6, "random digits");
  int nir = 0;
  int siret = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string digits;
    for (int d = 0; d < 15; ++d) digits += static_cast<char>('0' + rng.uniform_below(10));
    nir += canonical("nir", digits).empty() ? 0 : 1;
    siret += canonical("siret", digits.substr(1)).empty() ? 0 : 1;
  }
  CHECK(nir / 200000.0 == Approx(.004998).margin(.0007));
  CHECK(siret / 200000.0 == Approx(.1).margin(.003));
}

TEST_CASE("each example is valid, and is what its own kind invents", "[identifier]") {
  for (const IdentifierKind& row : identifier_kinds()) {
    CAPTURE(row.kind);
    CHECK(row.canonical(row.example));
    Rng rng(1, "test");
    CHECK(row.invent_like(row.example, rng));
  }
}

TEST_CASE("an invented value is valid, in the same format, and another one", "[identifier]") {
  const auto [kind, like] = GENERATE(table<std::string, std::string>({
      {"email", "Camille.Rouxel-42@valbrume.example"},
      {"phone", "06 12 34 56 78"},
      {"phone", "+33 (0)1.42.34.56.78"},
      {"phone", "0033 4 12 34 56 78"},
      {"phone", "+1 (212) 736-5000"},
      {"phone", "+44 7911 123456"},
      {"iban", "FR76 3000 6000 0112 3456 7890 189"},
      {"iban", "FR14 2004 1010 0505 0001 3M02 606"},
      {"iban", "de89370400440532013000"},
      {"iban", "GB82 WEST 1234 5698 7654 32"},
      {"nir", "2 95 10 99 126 111 93"},
      {"nir", "2951099126111"},
      {"nir", "253072A073004 43"},
      {"siren", "732.829.320"},
      {"siret", "732 829 320 00074"},
      {"vat", "FR 44 732829320"},
      {"card", "4111-1111-1111-1111"},
      {"card", "378282246310005"},
      {"card", "36227206271667"},
      {"date_of_birth", "17/03/1985"},
      {"date_of_birth", "1985-03-17"},
      {"text", "AB12-xy9"},
      {"secret_key", "sk_3f9a77b2c1d0"},
      {"address", "12 rue des Lilas, 75011 Paris"},
  }));
  CAPTURE(kind, like);
  const IdentifierKind& row = identifier_kind(kind);
  std::set<std::string> seen;
  for (std::uint64_t i = 0; i < 200; ++i) {
    Rng rng(5, "test", {i});
    const auto value = row.invent_like(like, rng);
    REQUIRE(value);
    CAPTURE(*value);
    CHECK(row.canonical(*value));
    CHECK(row.canonical(*value) != row.canonical(like));
    CHECK(shape(*value) == shape(like));
    seen.insert(*value);
  }
  // 200 draws from at least 100 values (North American fiction): fewer than 60 different ones has a
  // chance below 1e-9.
  CHECK(seen.size() >= 60);
}

TEST_CASE("an invented value is in a block that nobody can be given", "[identifier]") {
  const auto [kind, like, pattern] = GENERATE(table<std::string, std::string, std::string>({
      {"email", "camille@valbrume.fr", ".*@example\\.(com|net|org)"},
      {"email", "camille@mairie.test", ".*@mairie\\.test"},
      {"phone", "07 12 34 56 78", "06 39 98 .*|07 39 98 .*"},
      {"phone", "01 42 34 56 78", "01 99 00 .*"},
      {"phone", "02 42 34 56 78", "02 61 91 .*"},
      {"phone", "03 42 34 56 78", "03 53 01 .*"},
      {"phone", "04 42 34 56 78", "04 65 71 .*"},
      {"phone", "05 42 34 56 78", "05 36 49 .*"},
      {"phone", "+1 212 736 5000", "\\+1 212 555 01.*"},
      {"iban", "FR7630006000011234567890189", "FR7600000.*"},
      {"iban", "GB82WEST12345698765432", "GB..ZZZZ.*"},
      {"nir", "295109912611193", ".{10}000.."},
      {"siret", "73282932000074", "0000.....000.."},
      {"vat", "FR44732829320", "FR..0000....."},
      {"card", "4111111111111111", "400000.*"},
      {"ip", "10.1.2.3", "(192\\.0\\.2|198\\.51\\.100|203\\.0\\.113)\\..*"},
      {"ip", "fe80::1", "2001:db8:.*"},
      {"address", "12 rue des Lilas, 75011 Paris", ".. rue des [A-Z][a-z]{4}, 00... [A-Z][a-z]{4}"},
      {"name", "Jean-Luc Dupont", "[A-Z][a-z]+ [A-Z][a-z]+"},
  }));
  CAPTURE(kind, like);
  for (std::uint64_t i = 0; i < 20; ++i) {
    Rng rng(9, "test", {i});
    const std::string value = *identifier_kind(kind).invent_like(like, rng);
    CAPTURE(value);
    CHECK(std::regex_match(value, std::regex(pattern)));
  }
}

TEST_CASE("where no block is known, nothing is invented", "[identifier]") {
  Rng rng(1, "test");
  CHECK_FALSE(invent_phone_like("+49 30 901820", rng));
  CHECK_FALSE(invent_phone_like("+44 20 7946 0958", rng));
  CHECK_FALSE(invent_card_like("5000 0000 0000 0009", rng));
  CHECK_FALSE(invent_iban_like("not an IBAN", rng));
  CHECK_FALSE(invent_text_like("...", rng));
}

TEST_CASE("dates keep the words of their language", "[identifier]") {
  Rng rng(2, "test");
  const auto date = invent_date_like("née le 3 mars 1985", rng);
  CHECK_FALSE(date);  // words around it are no part of a date
  CHECK(
      std::regex_match(*invent_date_like("3 mars 1985", rng), std::regex("\\d+ [^ A-Z]+ \\d{4}")));
  CHECK(std::regex_match(*invent_date_like("March 3, 1985", rng),
                         std::regex("[A-Z][a-z]+ \\d+, \\d{4}")));
}

TEST_CASE("hostile text has no canonical form and does no harm", "[identifier]") {
  const std::string text =
      GENERATE(std::string(), std::string(1, '\0'), std::string(100'000, '9'),
               std::string(100'000, '@'), std::string("\xff\xfe\x80"), std::string("06\x00 39", 6),
               std::string("\xC2"), std::string("+(0)(0)(0)(0)"), std::string("FR"),
               std::string("2A2A2A2A2A2A2"), std::string("99999999999999999999/99/9999"));
  for (const IdentifierKind& row : identifier_kinds()) {
    CAPTURE(row.kind, text.substr(0, 20));
    Rng rng(1, "test");
    if (row.checked) {
      CHECK_FALSE(row.canonical(text));
      CHECK_FALSE(row.invent_like(text, rng));
    } else {
      CHECK_NOTHROW(row.canonical(text));
    }
  }
}

TEST_CASE("an invented person holds nothing that anybody could have", "[identifier]") {
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < 500; ++i) {
    Rng rng(3, "test", {i});
    const InventedPerson person = invent_person(rng);
    CHECK(canonical_email(person.email));
    CHECK(canonical_phone(person.phone)->starts_with("+3363998"));
    CHECK(std::regex_match(person.email, std::regex(".*@example\\.(com|net|org)")));
    names.insert(person.name);
  }
  // 500 of 147456 names: 0.85 pairs alike on average; more than 8 with a chance below 1e-5.
  CHECK(names.size() > 491);
}
