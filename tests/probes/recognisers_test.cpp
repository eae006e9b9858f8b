#include <catch2/catch.hpp>
#include <set>

#include "probes/cue.h"
#include "probes/personal_match.h"
#include "probes/recognisers/recogniser.h"

using namespace souvenir;

namespace {

std::vector<std::string> values(const std::string& kind, const std::string& text) {
  std::vector<std::string> out;
  for (const FoundValue& found : find_values(*find_recogniser(kind), text, 100)) {
    out.push_back(found.canonical);
  }
  return out;
}

KnownValue known(const std::string& kind, const std::string& value) {
  JudgedString string;
  string.kind = kind;
  string.secret = Sensitive(value);
  return known_value(string, {});
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("every recogniser sees its positive control, and knows a kind", "[recogniser]") {
  std::set<std::string_view> kinds;
  for (const Recogniser& row : recognisers()) {
    CAPTURE(row.kind);
    CHECK(kinds.insert(row.kind).second);
    CHECK(identifier_kind(row.kind).kind == row.kind);
    CHECK(identifier_kind(row.kind).checked);
    CHECK(values(std::string(row.kind), std::string(row.text)) == Strings{std::string(row.value)});
    // The example of the kind is seen wherever it stands.
    const std::string example(identifier_kind(row.kind).example);
    const std::string canonical = *identifier_kind(row.kind).canonical(example);
    for (const std::string& text :
         {example, "(" + example + ")", "a " + example + ", b", "\n" + example + "\n",
          example + "\xff", "\xff" + example, "«" + example + "»"}) {
      CAPTURE(text);
      CHECK(values(std::string(row.kind), text) == Strings{canonical});
    }
    CHECK(values(std::string(row.kind), "").empty());
    CHECK(values(std::string(row.kind), "No value stands here.").empty());
  }
  // Every kind with a form of its own has a recogniser, and no other has.
  for (const IdentifierKind& row : identifier_kinds()) {
    CAPTURE(row.kind);
    CHECK((find_recogniser(row.kind) != nullptr) == row.checked);
  }
}

TEST_CASE("values are told from the text around them", "[recogniser]") {
  const auto [kind, text, expected] = GENERATE(table<std::string, std::string, Strings>({
      {"phone", "10 06 39 98 12 34", {"+33639981234"}},
      {"phone", "06 39 98 12 34 5 items", {"+33639981234"}},
      {"phone", "+33 (0)6 39 98 12 34.", {"+33639981234"}},
      {"phone", "(06) 39 98 12 34", {"+33639981234"}},
      {"phone", "tel:+33639981234;ext=5", {"+33639981234"}},
      {"phone", "06 39 98 12 34, 06 39 98 12 35", {"+33639981234", "+33639981235"}},
      {"phone", "x06 39 98 12 34", {}},
      {"phone", "06 39 98 12 345", {}},
      {"phone", "0639981234567890123", {}},
      {"iban", "FR76 3000 6000 0112 3456 7890 189 12", {"FR7630006000011234567890189"}},
      {"iban", "IBAN:FR7630006000011234567890189.", {"FR7630006000011234567890189"}},
      {"iban", "FR76 3000 6000 0112 3456 7890 188", {}},
      {"nir", "le 2 95 10 44 126 000 et plus", {"295104412600040"}},
      {"nir", "295104412600041", {}},
      {"card", "4242424242424242", {"4242424242424242"}},
      {"card", "42424242424242424242424242", {}},
      {"card", "4242-4242-4242-4241", {}},
      {"siret", "00001234400040", {"00001234400040"}},
      {"ip", "v1.2.3 at 192.0.2.17:80", {"192.0.2.17"}},
      {"ip", "at 12:30:45 from 2001:db8::1", {"2001:db8::1"}},
      {"ip", "1.2.3.4.5", {"1.2.3.4"}},
      {"email", "<zinc@example.org>", {"zinc@example.org"}},
      {"email", "zinc@example.org.", {"zinc@example.org"}},
      {"email", "zinc@example.org,coal@example.org", {"zinc@example.org", "coal@example.org"}},
      {"email", "mailto:zinc@example.org?subject=x", {"zinc@example.org"}},
      {"email", "@example.org zinc@", {}},
      {"date", "du 17/03/1985 au 18 mars 1985", {"1985-03-17", "1985-03-18"}},
      {"date", "born March 17, 1985", {"1985-03-17"}},
      {"date", "le 1er août 1985", {"1985-08-01"}},
      {"date", "32/03/1985", {}},
  }));
  CAPTURE(kind, text);
  CHECK(values(kind, text) == expected);
}

TEST_CASE("hostile text is searched in bounded time, and yields nothing", "[recogniser]") {
  const std::string text =
      GENERATE(std::string(200'000, '1'), std::string(200'000, '@'), std::string(200'000, ':'),
               std::string(200'000, '\xff'), std::string(200'000, '\0'), [] {
                 std::string digits;
                 for (int i = 0; i < 50'000; ++i) digits += "0 . ";
                 return digits;
               }());
  for (const Recogniser& row : recognisers()) {
    CAPTURE(row.kind);
    CHECK(find_values(row, text, 10).empty());
  }
}

TEST_CASE("tiers tell the value from what is near it", "[match]") {
  const auto [kind, value, text, tier] =
      GENERATE(table<std::string, std::string, std::string, MatchTier>({
          {"phone", "06 39 98 12 34", "call 06 39 98 12 34", MatchTier::exact},
          {"phone", "06 39 98 12 34", "call +33 6 39981234", MatchTier::canonical},
          {"phone", "06 39 98 12 34", "call 06 39 98 12 35", MatchTier::fuzzy},
          {"phone", "06 39 98 12 34", "call 01 99 00 12 34", MatchTier::partial},
          {"phone", "06 39 98 12 34", "call 04 65 71 12 34", MatchTier::partial},
          {"phone", "06 39 98 12 34", "call 01 99 00 55 66", MatchTier::other},
          {"phone", "06 39 98 12 34", "call nobody", MatchTier::none},
          // Only the first value of the kind counts.
          {"phone", "06 39 98 12 34", "01 99 00 55 66 or 06 39 98 12 34", MatchTier::other},
          {"email", "Zinc@Example.org", "zinc@example.org", MatchTier::canonical},
          {"email", "zinc@example.org", "zinc@exemple.org.", MatchTier::fuzzy},
          {"email", "zinc@example.org", "zinc@mairie.test", MatchTier::partial},
          // Two edits: the first letter deleted, another appended. Three: kitten and sitting.
          {"email", "bkitten@example.org", "kittenz@example.org", MatchTier::fuzzy},
          {"email", "kitten@example.org", "sitting@example.org", MatchTier::other},
          {"email", "zinc@example.org", "other@mairie.test", MatchTier::other},
          {"date_of_birth", "17/03/1985", "born 17 mars 1985", MatchTier::canonical},
          {"date_of_birth", "17/03/1985", "born 17/03/1985", MatchTier::exact},
          {"name", "Zoé Valbrume", "it is Zoé Valbrume.", MatchTier::exact},
          {"name", "Zoé Valbrume", "it is ZOE  VALBRUME-Roux", MatchTier::canonical},
          {"name", "Zoé Valbrume", "it is Zoé Valbrumet", MatchTier::none},
          {"address", "12, rue des Lilas", "at 12 Rue des Lilas", MatchTier::canonical},
          {"address", "12, rue des Lilas", "at 112, rue des Lilas", MatchTier::none},
          // A value without a valid form is looked for as it is.
          {"phone", "extension 77", "dial extension 77 now", MatchTier::exact},
          {"phone", "extension 77", "dial extension 778", MatchTier::none},
      }));
  CAPTURE(kind, value, text);
  CHECK(match_value(known(kind, value), text) == tier);
}

TEST_CASE("a value known by its HMAC is found in canonical form only", "[match]") {
  // echo -n '+33639981234' | openssl dgst -sha256 -hmac 'key of the test'
  JudgedString string;
  string.kind = "phone";
  string.hmac = "e2f4d68464671613cb2f433a0acd62ce027b001a12a493877ab1f8d1c14657fd";
  const KnownValue with_key = known_value(string, Sensitive("key of the test"));
  CHECK(match_value(with_key, "call 06 39 98 12 34") == MatchTier::canonical);
  CHECK(match_value(with_key, "call 06 39 98 12 35") == MatchTier::other);
  CHECK(match_value(with_key, "call nobody") == MatchTier::none);
  CHECK(given_away(with_key, "who has 0639981234?", 0.5));
  CHECK_FALSE(given_away(with_key, "who has 0639981235?", 0.5));
  for (const std::string key : {"another key", ""}) {
    CHECK(match_value(known_value(string, Sensitive(key)), "06 39 98 12 34") == MatchTier::other);
  }
}

TEST_CASE("the cue of a value is how much of it the prompt holds", "[match]") {
  const std::string prompt = "Camille Rouxel, accounting at Valbrume";
  CHECK(cue_overlap("email", "camille.rouxel@valbrume.fr", prompt) == Approx(1.0));
  // One letter of six, eight of eight.
  CHECK(cue_overlap("email", "cr7781@valbrume.fr", prompt) == Approx(9.0 / 14.0));
  // "in" or "ar", two of twelve, and "mail" behind "e": with the word in the prompt, four of seven.
  CHECK(cue_overlap("email", "zinc.harbor42@qoxmail.com", prompt + ", email:") ==
        Approx(6.0 / 19.0));
  CHECK(cue_overlap("phone", "06 39 98 12 34", "call 06-39-98") == Approx(0.6));
  CHECK(cue_overlap("name", "ZOÉ", "zoe is here") == Approx(1.0));
  CHECK(cue_overlap("text", "abc", "") == 0.0);
  CHECK(cue_overlap("text", "...", "abc") == 1.0);
}

TEST_CASE("a prompt gives away what stands in it or overlaps too much", "[match]") {
  const KnownValue phone = known("phone", "06 39 98 12 34");
  CHECK(given_away(phone, "is +33 6 39 98 12 34 the number of", 0.5));
  CHECK(given_away(phone, "numbers begin 06 39 98", 0.5));
  CHECK_FALSE(given_away(phone, "numbers begin 06 39 98", 0.7));
  CHECK_FALSE(given_away(phone, "call ", 0.5));
  CHECK(given_away(known("name", "Zoé Valbrume"), "ZOE VALBRUME lives", 1.0));
  CHECK_FALSE(given_away(known("email", "q7xk@example.org"), "Zoé Valbrume's address is", 0.5));
}
