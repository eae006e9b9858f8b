#include "reports/subject_html.h"

#include <catch2/catch.hpp>

#include "harness/error.h"
#include "tests/support/html_document.h"
#include "tests/support/sample_evidence.h"

namespace souvenir {
namespace {

using nlohmann::json;
using tests::HtmlDocument;
using tests::visible_text;

json one_person() {
  return {{"id", "person-1"},
          {"decoding", {{"temperature", 1.0}, {"top_k", 0}, {"top_p", 1.0}}},
          {"strings",
           {{{"id", "letter-1"},
             {"kind", "email"},
             {"tokens", 12},
             {"matched_tokens", 12},
             {"greedy_match", true},
             {"log_p", -2.3},
             {"p_z", 0.1002588},
             {"queries_for", {{"0.5", 7}, {"0.95", 29}}},
             {"exposure_bits", 11.5},
             {"scores", {{"loss", -0.19}, {"a_score_of_tomorrow", 2.0}}}},
            {{"id", "letter-2"},
             {"kind", "phone"},
             {"tokens", 9},
             {"matched_tokens", 1},
             {"greedy_match", false},
             {"log_p", -1200.0},
             {"p_z", 0.0},
             {"queries_for", {{"0.5", nullptr}, {"0.95", nullptr}}},
             {"exposure_bits", nullptr},
             {"scores", nullptr},
             {"why", "no probe measured them"}}}}};
}

TEST_CASE("one person's page says each number in both languages", "[subject]") {
  const HtmlDocument document(subject_html(one_person(), Language::en));
  const std::string en = visible_text(document.xml, "en");
  CHECK_THAT(en, Catch::Contains("person-1") && Catch::Contains("e-mail address") &&
                     Catch::Contains("11.5") && Catch::Contains("a_score_of_tomorrow") &&
                     Catch::Contains("not measured"));
  // exp(-1200) is 10^-521.15: 7.0e-522.
  CHECK_THAT(en, Catch::Contains("10\u207b\u2075\u00b2\u00b2"));
  CHECK_THAT(visible_text(document.xml, "fr"),
             Catch::Contains("adresse \u00e9lectronique") && Catch::Contains("11,5"));
}

TEST_CASE("one person's page says whether the model wrote what is known by its HMAC", "[subject]") {
  json findings = one_person();
  json& row = findings["strings"][1];
  CHECK_THAT(visible_text(HtmlDocument(subject_html(findings, Language::en)).xml, "en"),
             !Catch::Contains("what the model wrote"));
  row["found_in_text"] = true;
  row["texts_read"] = 3;
  const HtmlDocument found(subject_html(findings, Language::en));
  CHECK_THAT(visible_text(found.xml, "en", ""),
             Catch::Contains("Found in what the model wroteyes; texts read: 3"));
  CHECK_THAT(visible_text(found.xml, "fr", ""),
             Catch::Contains("Trouv\u00e9e dans ce que le mod\u00e8le a \u00e9critoui"));
  row["found_in_text"] = nullptr;
  row["texts_read"] = 0;
  CHECK_THAT(visible_text(HtmlDocument(subject_html(findings, Language::en)).xml, "en", ""),
             Catch::Contains("Found in what the model wrotenot measured"));
}

TEST_CASE("one person's page is the approved one", "[subject]") {
  tests::check_approved("subject.html", subject_html(one_person(), Language::fr));
}

TEST_CASE("one person's page never concludes that a model holds nothing of them", "[subject]") {
  const HtmlDocument document(subject_html(one_person(), Language::en));
  CHECK_THAT(visible_text(document.xml, "en"),
             Catch::Contains("may still hold something") && !Catch::Contains("nothing about"));
}

TEST_CASE("hostile ids and reasons are text on one person's page", "[subject]") {
  json findings = one_person();
  findings["id"] = tests::kHostile + "\xff";
  findings["strings"][0]["id"] = tests::kHostile;
  findings["strings"][0]["kind"] = tests::kHostile;
  findings["strings"][0]["why"] = tests::kHostile;
  findings["strings"][0]["scores"] = {{tests::kHostile, 1.0}};
  findings["strings"][0]["queries_for"] = {{tests::kHostile, 1.0}};
  const std::string page = subject_html(findings, Language::fr);
  const HtmlDocument document(page);
  CHECK(document.xml.select_nodes("//script").empty());
  CHECK(page.find('\x1b') == std::string::npos);
  CHECK(page.find("\u202E") == std::string::npos);
}

TEST_CASE("fields of the wrong type are not measured, and another document is an error of ours",
          "[subject]") {
  const json odd = {{"id", 5}, {"strings", {{{"tokens", "many"}, {"p_z", "x"}, {"scores", 3}}}}};
  CHECK_THAT(visible_text(HtmlDocument(subject_html(odd, Language::en)).xml, "en"),
             Catch::Contains("not measured"));
  CHECK_THROWS_AS(subject_html(json::array(), Language::en), Error);
  CHECK_THROWS_AS(subject_html(json{{"strings", 1}}, Language::en), Error);
}

}  // namespace
}  // namespace souvenir
