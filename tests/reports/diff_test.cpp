#include "reports/diff.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "harness/evidence/json.h"
#include "metrics/binomial.h"
#include "tests/support/html_document.h"
#include "tests/support/sample_audit.h"

namespace souvenir {
namespace {

using nlohmann::json;

Finding found(std::int64_t hits, std::int64_t n, Stratum stratum = {}) {
  return tests::sample_rate({"verbatim_rate", {}}, std::move(stratum), hits, n, 0);
}

Evidence with(std::vector<Finding> findings) {
  Evidence e;
  e.suite_sha256 = std::string(64, 'e');
  e.inputs = {{"subjects", "0123", "key", 10, {}}};
  e.findings = std::move(findings);
  return e;
}

Estimate measure(double value, double low, double high, const char* unit) {
  Estimate e;
  e.value = value;
  e.low = low;
  e.high = high;
  e.unit = unit;
  e.method = "of the test";
  return e;
}

TEST_CASE("the difference of two rates is Newcombe's", "[diff]") {
  // 56 of 70 against 48 of 80 is Newcombe's own example (1998, table II, a): 0.2000. His method 10
  // gives 0.0524 to 0.3339 on Wilson's limits; on Clopper-Pearson limits, from scipy's beta
  // quantiles, squared and added: 0.0439 to 0.3442.
  const Evidence before = with({found(48, 80)});
  const Evidence after = with({found(56, 70)});
  const EvidenceDiff diff = diff_evidence(before, after);
  REQUIRE(diff.rows.size() == 1);
  const Estimate& d = diff.rows[0].difference;
  CHECK(*d.value == Approx(0.2).epsilon(1e-12));
  CHECK(*d.low == Approx(0.043886878).margin(1e-8));
  CHECK(*d.high == Approx(0.344171023).margin(1e-8));
  CHECK(diff.rows[0].moved == Moved::up);
  CHECK(diff_evidence(after, before).rows[0].moved == Moved::down);
}

TEST_CASE("many rows that each look moved by chance are judged together", "[diff]") {
  // The p of 48/80 to 56/70 is about 0.01: below 0.05 alone, not among twenty.
  std::vector<Finding> a = {found(48, 80)};
  std::vector<Finding> b = {found(56, 70)};
  for (std::int64_t i = 0; i < 19; ++i) {
    a.push_back(found(10, 50, {"repetitions", i}));
    b.push_back(found(10, 50, {"repetitions", i}));
  }
  const Evidence before = with(a);
  const Evidence after = with(b);
  const EvidenceDiff diff = diff_evidence(before, after);
  REQUIRE(diff.rows.size() == 20);
  for (const DiffRow& row : diff.rows) {
    CHECK(row.moved == Moved::no);
  }
  CHECK(*diff.rows[0].difference.p_adjusted ==
        Approx(20 * *diff.rows[0].difference.p_value).epsilon(1e-12));
}

TEST_CASE("other measures are compared by their intervals", "[diff]") {
  Finding a = found(1, 10);
  a.metric.name = "exposure_median";
  a.estimate = measure(3.0, 2.0, 4.0, "bits");
  Finding b = a;
  b.estimate = measure(6.0, 5.0, 7.0, "bits");
  const Evidence before = with({a});
  Evidence after = with({b});
  const DiffRow row = diff_evidence(before, after).rows[0];
  // sqrt(1 + 1) either side of 3; a normal deviate of 3 * 1.96 / sqrt(2) = 4.158.
  CHECK(*row.difference.low == Approx(3.0 - std::sqrt(2.0)));
  CHECK(*row.difference.high == Approx(3.0 + std::sqrt(2.0)));
  CHECK(*row.difference.p_value == Approx(3.21e-5).epsilon(0.01));
  CHECK(row.moved == Moved::up);

  after.findings[0].estimate.low.reset();
  const DiffRow bare = diff_evidence(before, after).rows[0];
  CHECK(bare.difference.value == 3.0);
  CHECK_FALSE(bare.difference.p_value);
  CHECK(bare.moved == Moved::not_judged);
  CHECK(bare.why == "no_interval");

  after.findings[0].suppressed = true;
  const DiffRow withheld = diff_evidence(before, after).rows[0];
  CHECK(withheld.why == "suppressed");
  CHECK_FALSE(withheld.difference.value);
}

TEST_CASE("what stands in one audit only is listed", "[diff]") {
  const Evidence before = with({found(1, 10), found(2, 10, {"kind", std::string("email")})});
  const Evidence after = with({found(1, 10), found(2, 10, {"kind", std::string("iban")})});
  const EvidenceDiff diff = diff_evidence(before, after);
  CHECK(diff.rows.size() == 1);
  CHECK(diff.only_before ==
        std::vector<std::string>{"discoverable_extraction/verbatim_rate/kind=email"});
  CHECK(diff.only_after ==
        std::vector<std::string>{"discoverable_extraction/verbatim_rate/kind=iban"});
}

TEST_CASE("audits that asked different things are named as such", "[diff]") {
  const Evidence base = with({});
  Evidence other = base;
  CHECK(diff_mismatches(base, other).empty());
  other.inputs.push_back({"policy", "9", "", 1, {}});
  other.inputs.push_back({"context", "9", "", 1, {}});
  CHECK(diff_mismatches(base, other).empty());

  other = base;
  other.suite_sha256[0] = 'f';
  other.seed = 7;
  CHECK(diff_mismatches(base, other).size() == 2);
  other = base;
  other.reference = AuditedModel{};
  other.reference->sha256 = std::string(64, 'c');
  CHECK_THAT(diff_mismatches(base, other).at(0), Catch::Contains("reference models"));
  other = base;
  other.inputs[0].digest = "0124";
  CHECK_THAT(diff_mismatches(base, other).at(0), Catch::Contains("an input differs"));
  other = base;
  CHECK(diff_doubt(base, base).empty());
  // Two folders have two keys unless they are given one: counts are all that can be compared.
  other.inputs[0].key_id = "another";
  other.inputs[0].digest = "0124";
  CHECK(diff_mismatches(base, other).empty());
  CHECK_THAT(diff_doubt(base, other), Catch::Contains("--id-key-file"));
  other.inputs[0].rows += 1;
  CHECK_THAT(diff_mismatches(base, other).at(0), Catch::Contains("an input differs"));
  other = base;
  other.inputs.clear();
  CHECK_THAT(diff_mismatches(base, other).at(0), Catch::Contains("1 before, 0 after"));
}

TEST_CASE("a difference has three forms, none of which says what a file made it say", "[diff]") {
  Evidence before = tests::sample_evidence();
  Evidence after = tests::sample_evidence();
  after.findings[0].estimate = rate(90, 640);
  after.findings[0].stratum = {};
  after.findings.erase(after.findings.begin() + 3);
  before.model.sha256 = tests::kHostile;
  after.inputs.push_back({tests::kHostile, tests::kHostile, "", 1, {}});
  after.findings[2].metric.name = before.findings[2].metric.name = tests::kHostile;
  const EvidenceDiff diff = diff_evidence(before, after);
  REQUIRE_FALSE(diff.mismatches.empty());

  const std::string text = diff_text(diff);
  CHECK_THAT(text, Catch::Contains("up beyond noise (1)") && Catch::Contains("in the first only"));
  for (const char c : text) {
    CHECK((c == '\n' || (c >= 0x20 && c < 0x7F)));
  }

  const json document = json::parse(canonical_json(diff_json(diff)));
  CHECK(document["schema"] == "souvenir/diff/1");
  CHECK(document["rows"].size() == diff.rows.size());
  CHECK(document["rows"][0]["moved"] == "up");

  const std::string page = diff_html(diff, Language::fr);
  tests::check_approved("diff.html", page);
  const tests::HtmlDocument document_of(page);
  const pugi::xml_document& xml = document_of.xml;
  CHECK(xml.select_nodes("//script").empty());
  CHECK(page.find('\x1b') == std::string::npos);
  CHECK(xml.select_nodes("//main").size() == 2);
  CHECK(xml.select_nodes("//main[@lang='fr']//table").size() >= 2);
}

}  // namespace
}  // namespace souvenir
