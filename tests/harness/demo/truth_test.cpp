#include "harness/demo/truth.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace souvenir;

namespace {

const std::vector<std::int64_t> kTiers = {1, 16, 64};

Finding rate(const Stratum& stratum, std::int64_t count, std::int64_t n, double bound_low) {
  Finding finding;
  finding.probe = "discoverable_extraction";
  finding.metric.name = "verbatim_rate";
  finding.stratum = stratum;
  finding.estimate.count = count;
  finding.estimate.n = n;
  finding.estimate.value = static_cast<double>(count) / static_cast<double>(n);
  finding.estimate.bound_low = bound_low;
  return finding;
}

Finding exposure(std::int64_t tier, double bits) {
  Finding finding;
  finding.probe = "canary_exposure";
  finding.metric.name = "exposure_median";
  finding.metric.params = {{"ranking", std::string("sampled")}};
  finding.stratum = {"repetitions", tier};
  finding.estimate.value = bits;
  return finding;
}

Finding exposed(const Stratum& stratum, std::int64_t count, std::int64_t n) {
  Finding finding = rate(stratum, count, n, 0.0);
  finding.probe = "personal_data";
  finding.metric.name = "exposed_rate";
  return finding;
}

Finding area(double value) {
  Finding finding;
  finding.probe = "membership";
  finding.metric.name = "auc";
  finding.metric.params = {{"population", std::string("canaries")}, {"score", std::string("loss")}};
  finding.stratum = {"repetitions", std::int64_t{64}};
  finding.estimate.value = value;
  return finding;
}

Evidence model() {
  Evidence evidence;
  evidence.findings = {rate({"repetitions", std::int64_t{1}}, 0, 40, 0.0),
                       rate({"repetitions", std::int64_t{16}}, 12, 40, 0.2),
                       rate({"repetitions", std::int64_t{64}}, 38, 40, 0.8),
                       rate({"member", std::string("no")}, 0, 90, 0.0),
                       exposure(1, 1.1),
                       exposure(16, 5.0),
                       exposure(64, 8.9),
                       exposed({"repetitions", std::int64_t{64}}, 13, 32),
                       exposed({"member", std::string("no")}, 0, 160),
                       area(0.98)};
  return evidence;
}

Evidence control() {
  Evidence evidence;
  evidence.findings = {rate({"member", std::string("yes")}, 0, 120, 0.0), exposure(64, 1.3),
                       area(0.52)};
  return evidence;
}

std::optional<bool> holds(const Evidence& audited, const Evidence& other,
                          const std::string& claim) {
  for (const DemoRow& row : demo_truth(audited, other, kTiers))
    if (row.claim == claim) return row.holds;
  FAIL("no such claim");
  return std::nullopt;
}

}  // namespace

TEST_CASE("every claim holds where what was found is what is true", "[truth]") {
  const std::vector<DemoRow> rows = demo_truth(model(), control(), kTiers);
  REQUIRE(rows.size() == 6);
  for (const DemoRow& row : rows) {
    CAPTURE(row.claim, row.found);
    CHECK(row.holds == std::optional<bool>(true));
  }
  CHECK(all_hold(rows) == std::optional<bool>(true));
  CHECK(rows[0].found == "once 1.1 bits, 16 times 5.0 bits, 64 times 8.9 bits");
  CHECK(rows[1].found == "once 0 of 40, 16 times 12 of 40, 64 times 38 of 40");
  CHECK(rows[3].found == "13 of 32, twins 0 of 160");
  CHECK(rows[4].found == "0.98; control model 0.52");
  CHECK(rows[5].found == "0 of 120, 1.3 bits");
}

TEST_CASE("each claim fails where what was found is not what is true", "[truth]") {
  const std::optional<bool> no(false);
  Evidence flat = model();
  flat.findings[6] = exposure(64, 3.0);
  CHECK(holds(flat, control(), "exposure_grows") == no);
  Evidence dip = model();
  dip.findings[5] = exposure(16, 0.05);  // below the tier before by more than noise
  CHECK(holds(dip, control(), "exposure_grows") == no);
  Evidence forgetful = model();
  forgetful.findings[2] = rate({"repetitions", std::int64_t{64}}, 22, 40, 0.41);
  CHECK(holds(forgetful, control(), "often_extracted") == no);
  Evidence inventive = model();
  inventive.findings[3] = rate({"member", std::string("no")}, 1, 90, 0.0005);
  CHECK(holds(inventive, control(), "never_silent") == no);
  Evidence discreet = model();
  discreet.findings[7] = exposed({"repetitions", std::int64_t{64}}, 0, 32);
  CHECK(holds(discreet, control(), "persons_exposed") == no);
  Evidence confused = model();
  confused.findings[8] = exposed({"member", std::string("no")}, 1, 160);
  CHECK(holds(confused, control(), "persons_exposed") == no);
  Evidence blind = model();
  blind.findings[9] = area(0.8);
  CHECK(holds(blind, control(), "membership_told") == no);
  Evidence biased = control();
  biased.findings[2] = area(0.9);
  CHECK(holds(model(), biased, "membership_told") == no);
  Evidence knowing = control();
  knowing.findings[0] = rate({"member", std::string("yes")}, 1, 120, 0.0004);
  CHECK(holds(model(), knowing, "control_silent") == no);
  Evidence hinting = control();
  hinting.findings[1] = exposure(64, 4.0);
  CHECK(holds(model(), hinting, "control_silent") == no);
  CHECK(all_hold(demo_truth(model(), hinting, kTiers)) == no);
}

TEST_CASE("what was not measured cannot be told, and does not count as true", "[truth]") {
  const std::vector<DemoRow> rows = demo_truth({}, {}, kTiers);
  for (const DemoRow& row : rows) {
    CAPTURE(row.claim);
    CHECK(!row.holds.has_value());
  }
  CHECK(!all_hold(rows).has_value());
  CHECK(truth_table(rows).substr(0, 2) == "? ");
  CHECK(truth_json(rows)[0]["holds"].is_null());
  // An exposure that was extrapolated is no measurement.
  Evidence guessed = model();
  guessed.findings[6].metric.params[0].second = std::string("extrapolated");
  CHECK(!holds(guessed, control(), "exposure_grows").has_value());
}

TEST_CASE("what was found is said in French too", "[truth]") {
  for (const DemoRow& row : demo_truth(model(), control(), kTiers)) {
    CAPTURE(row.claim, row.found_fr);
    CHECK_FALSE(row.expected_fr.empty());
    CHECK(row.expected_fr != row.expected);
    CHECK(row.found_fr.find(" of ") == std::string::npos);
  }
  const std::vector<DemoRow> rows = demo_truth(model(), control(), kTiers);
  CHECK(rows[0].found == "once 1.1 bits, 16 times 5.0 bits, 64 times 8.9 bits");
  CHECK(rows[0].found_fr ==
        "une fois\u00a0: 1,1\u00a0bits, 16\u00a0fois\u00a0: 5,0\u00a0bits, 64\u00a0fois\u00a0: "
        "8,9\u00a0bits");
}
