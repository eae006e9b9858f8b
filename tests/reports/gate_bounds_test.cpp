// What bounds a finding, and so what a limit is compared with.

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "harness/evidence/json.h"
#include "tests/reports/gate_fixture.h"

using namespace souvenir;
using namespace gate_fixture;
using Catch::Contains;

TEST_CASE("with persons, persons are what is counted", "[gate]") {
  const Estimate clustered = foreign_rate(0, 3000, 298);
  const Said said = say(evidence(finding("verbatim_rate", clustered)), at_most(0.01));
  CHECK(said.verdict == Verdict::inconclusive);
  CHECK_THAT(said.text, Contains("needs at least 299 persons, has 298"));

  Limit limit = at_most(0.5);
  limit.min_n = 299;
  const Said few = say(evidence(finding("verbatim_rate", clustered)), limit);
  CHECK(few.verdict == Verdict::inconclusive);
  CHECK(few.text == "298 persons, at least 299 are asked for");
}

TEST_CASE("evidence with only the contract's fields is bounded by its counts", "[gate]") {
  struct Case {
    Estimate estimate;
    Trials worth;
  };
  const Case c = GENERATE(
      Case{foreign_rate(3, 1000), {3, 1000}}, Case{foreign_rate(3, 1000, 1000), {3, 1000}},
      Case{foreign_rate(3, 1000, 400, 500.5), {1.5015, 500.5}},
      Case{foreign_rate(0, 1000, 400), {0, 400}}, Case{foreign_rate(1000, 1000, 400), {400, 400}});
  const GateResult result = judged(evidence(finding("verbatim_rate", c.estimate)), at_most(0.5));
  const GateCheck& check = result.checks.at(0);
  CHECK(check.bounds_from == "counts");
  CHECK(*check.bound_low == Approx(clopper_pearson_lower(c.worth, 0.95)).epsilon(1e-9));
  CHECK(*check.bound_high == Approx(clopper_pearson_upper(c.worth, 0.95)).epsilon(1e-9));
}

TEST_CASE("evidence judged from its file is judged the same, also without fields of ours",
          "[gate]") {
  Finding clustered = finding("matched_share", rate(40, 400));
  clustered.estimate.count.reset();
  const Finding controls = control_of(rate_finding(9, 10, {"member", std::string("no")}));
  const Finding main = with_control(rate_finding(0, 300), "negative", true, finding_id(controls));
  const Evidence original = evidence(main, controls, clustered);
  nlohmann::json document = to_json(original);
  for (nlohmann::json& f : document["findings"]) {
    for (const char* ours :
         {"control", "suppressed", "outcome_code", "outcome_count", "ambiguous"}) {
      f.erase(ours);
    }
    f["estimate"].erase("bound_low");
    f["estimate"].erase("bound_high");
  }
  const Evidence read = evidence_from_json(document.dump());
  Limit limit = at_most(0.2);
  limit.require_controls = {"negative"};
  const GateResult before = judged(original, limit);
  const GateResult after = judged(read, limit);
  REQUIRE(after.checks.size() == 2);
  CHECK(after.checks[0].bound_high == before.checks[0].bound_high);
  CHECK(after.checks[0].verdict == Verdict::pass);
  CHECK(after.checks[1].bounds_from == "interval");  // a little wider than the recorded bounds
  CHECK(*after.checks[1].bound_high > *before.checks[1].bound_high);
  CHECK(after.verdict == before.verdict);
}

TEST_CASE("counts win over limits that disagree with them", "[gate]") {
  Estimate stale = rate(0, 300);
  stale.value = 0.1;
  stale.count = 30;
  CHECK(say(evidence(finding("verbatim_rate", stale)), at_most(0.01)).verdict == Verdict::fail);
}

TEST_CASE("counts that contradict the value do not bound it", "[gate]") {
  Estimate e = foreign_rate(3, 300);
  e.value = 0.2;
  e.low = 0.15;
  e.high = 0.25;
  const GateResult result = judged(evidence(finding("verbatim_rate", e)), at_most(0.1));
  CHECK(result.verdict == Verdict::fail);
  CHECK(result.checks[0].bounds_from == "interval");
}

TEST_CASE("a rounded value and a missing unit do not hide the counts", "[gate]") {
  Estimate e = foreign_rate(31, 300);
  e.value = 0.103333;
  e.unit = "";
  CHECK(judged(evidence(finding("verbatim_rate", e)), at_most(0.5)).checks[0].bounds_from ==
        "counts");
}

TEST_CASE("a difference is not taken for a rate of its hits", "[gate]") {
  Estimate d = rate_difference(rate(3, 100), rate(0, 20));
  d.count = 3;
  const GateCheck check = judged(evidence(finding("excess_over_twins", d)), at_most(0.5)).checks[0];
  CHECK(check.bounds_from == "bounds");
  CHECK(check.bound_low == d.bound_low);
}

TEST_CASE("where counts do not bound, recorded bounds do, then two-sided limits", "[gate]") {
  Estimate mean;
  mean.value = 0.2;
  mean.unit = "probability";
  mean.n = 300;
  mean.low = 0.1;
  mean.high = 0.3;
  const auto verdict = [&](double limit) {
    return say(evidence(finding("matched_share", mean)), at_most(limit)).verdict;
  };
  CHECK(verdict(0.3) == Verdict::pass);
  CHECK(verdict(0.29) == Verdict::inconclusive);
  CHECK(verdict(0.09) == Verdict::fail);
  mean.level = 0.8;  // each side only 90 %
  CHECK(verdict(0.5) == Verdict::inconclusive);
  CHECK(verdict(0.05) == Verdict::inconclusive);
  mean.level = 0.9;
  CHECK(verdict(0.3) == Verdict::pass);
  mean.bound_low = 0.15;
  mean.bound_high = 0.25;
  CHECK(verdict(0.25) == Verdict::pass);
  CHECK(verdict(0.14) == Verdict::fail);
}

TEST_CASE("clustered hits without an effective n are bounded by their limits", "[gate]") {
  Estimate e = foreign_rate(3, 1000, 400);
  CHECK(say(evidence(finding("verbatim_rate", e)), at_most(0.9)).verdict == Verdict::inconclusive);
  e.low = 0.0005;
  e.high = 0.02;
  const GateResult result = judged(evidence(finding("verbatim_rate", e)), at_most(0.02));
  CHECK(result.verdict == Verdict::pass);
  CHECK(result.checks[0].bounds_from == "interval");
}

TEST_CASE("a lower bound alone can fail and never pass", "[gate]") {
  Estimate epsilon;
  epsilon.value = 2.0;
  epsilon.low = 2.0;
  epsilon.sides = Sides::one;
  epsilon.unit = "epsilon";
  CHECK(say(evidence(finding("epsilon_lower_bound", epsilon)), at_most(1.5)).verdict ==
        Verdict::fail);
  const Said said = say(evidence(finding("epsilon_lower_bound", epsilon)), at_most(8.0));
  CHECK(said.verdict == Verdict::inconclusive);
  CHECK_THAT(said.text, Contains("no upper bound"));
}

TEST_CASE("a census is compared as it stands", "[gate]") {
  Estimate census;
  census.value = 3.0;
  census.low = 3.0;
  census.high = 3.0;
  census.unit = "count";
  CHECK(say(evidence(finding("persons_exposed", census)), at_most(3.0)).verdict == Verdict::pass);
  CHECK(say(evidence(finding("persons_exposed", census)), at_most(2.9)).verdict == Verdict::fail);
  CHECK(say(evidence(finding("persons_exposed", census)), max_count(3)).verdict == Verdict::pass);
  CHECK(say(evidence(finding("persons_exposed", census)), max_count(2)).verdict == Verdict::fail);
}

TEST_CASE("a value that only a logarithm can carry is small and not zero", "[gate]") {
  Estimate tiny;
  tiny.log10_value = -400.0;
  tiny.method = "census";
  tiny.unit = "probability";
  CHECK(say(evidence(finding("p_z_max", tiny)), at_most(1e-300)).verdict == Verdict::pass);
  CHECK(say(evidence(finding("p_z_max", tiny)), at_most(0.0)).verdict == Verdict::fail);
  tiny.log10_value = -3.0;
  CHECK(say(evidence(finding("p_z_max", tiny)), at_most(1e-4)).verdict == Verdict::fail);
}
