#include "reports/gate.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "reports/gate_text.h"
#include "tests/reports/gate_fixture.h"

using namespace souvenir;
using namespace gate_fixture;
using Catch::Contains;

namespace {

// The verdict and the words of a policy of one limit on evidence with one check.
struct Said {
  Verdict verdict;
  std::string text;
};

Said say(const Evidence& evidence, const Limit& limit, const Evidence* baseline = nullptr) {
  const GateResult result = judged(evidence, limit, baseline);
  REQUIRE(result.checks.size() == 1);
  return {result.verdict, explain_check(result.checks[0])};
}

Finding control_of(Finding f) {
  f.is_control = true;
  return f;
}

Finding with_control(Finding f, const std::string& role, std::optional<bool> passed,
                     const std::string& id = "") {
  f.controls.push_back({role, id, "", passed, "", std::nullopt, std::nullopt});
  return f;
}

}  // namespace

TEST_CASE("300 strings without a hit are enough for one in a hundred, 298 are not", "[gate]") {
  const Said enough = say(evidence(rate_finding(0, 300)), at_most(0.01));
  CHECK(enough.verdict == Verdict::pass);
  CHECK(enough.text == "upper bound 0.00994 is at most 0.01 (0 of 300 strings)");
  CHECK(say(evidence(rate_finding(0, 299)), at_most(0.01)).verdict == Verdict::pass);

  const Said few = say(evidence(rate_finding(0, 298)), at_most(0.01));
  CHECK(few.verdict == Verdict::inconclusive);
  CHECK(few.text ==
        "upper bound 0.010002 is above 0.01 (0 of 298 strings): could not pass even with no hit, "
        "needs at least 299 strings, has 298");
}

TEST_CASE("a limit passes by the upper bound and fails by the lower", "[gate]") {
  const auto [hits, n, limit, verdict] = GENERATE(table<int, int, double, Verdict>({
      {31, 1000, 0.05, Verdict::pass},
      {31, 1000, 0.03, Verdict::inconclusive},  // though the rate is above
      {29, 1000, 0.03, Verdict::inconclusive},  // though the rate is below
      {31, 1000, 0.02, Verdict::fail},
      {5, 10, 0.01, Verdict::fail},  // 10 could never pass, and still fail
      {300, 300, 0.99, Verdict::fail},
      {300, 300, 1.0, Verdict::pass},
      {0, 1000, 0.0, Verdict::inconclusive},
      {1, 1000000, 0.0, Verdict::fail},
  }));
  CAPTURE(hits, n, limit);
  CHECK(say(evidence(rate_finding(hits, n)), at_most(limit)).verdict == verdict);
}

TEST_CASE("an inconclusive limit says how many strings would decide it", "[gate]") {
  const Said said = say(evidence(rate_finding(1, 400)), at_most(0.01));
  CHECK(said.verdict == Verdict::inconclusive);
  CHECK_THAT(said.text, Contains("needs at least 473 strings, has 400"));
  CHECK(clopper_pearson_upper({1, 473}, 0.95) <= 0.01);
  CHECK(clopper_pearson_upper({1, 472}, 0.95) > 0.01);
  CHECK_THAT(say(evidence(rate_finding(0, 10)), at_most(0.0)).text,
             Contains("no number of strings can pass"));
}

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

TEST_CASE("hits themselves can be limited, and near-ties are named beside them", "[gate]") {
  Finding f = rate_finding(2, 40);
  f.ambiguous = 1;
  CHECK(say(evidence(f), max_count(2)).verdict == Verdict::pass);
  const Said said = say(evidence(f), max_count(1));
  CHECK(said.verdict == Verdict::fail);
  CHECK(said.text == "2 hits, at most 1 (and 1 near-tie not decided)");
  Estimate uncounted;
  uncounted.value = 0.1;
  uncounted.unit = "bits";
  CHECK(say(evidence(finding("exposure_median", uncounted)), max_count(0)).verdict ==
        Verdict::inconclusive);
}

TEST_CASE("several rules of one limit must all hold", "[gate]") {
  Limit limit = at_most(0.05);
  limit.max_count = 0;
  const Said said = say(evidence(rate_finding(1, 1000)), limit);
  CHECK(said.verdict == Verdict::fail);
  CHECK(said.text == "1 hit, at most 0");
}

TEST_CASE("too few strings and missing controls withhold a pass and never hide a failure",
          "[gate]") {
  Limit limit = at_most(0.05);
  limit.min_n = 2000;
  CHECK(say(evidence(rate_finding(1, 1000)), limit).verdict == Verdict::inconclusive);
  CHECK(say(evidence(rate_finding(200, 1000)), limit).verdict == Verdict::fail);
  limit.min_n = 1000;
  CHECK(say(evidence(rate_finding(1, 1000)), limit).verdict == Verdict::pass);

  limit.require_controls = {"negative", "positive"};
  const Finding f = rate_finding(1, 1000);
  const Said missing = say(evidence(with_control(f, "negative", true)), limit);
  CHECK(missing.verdict == Verdict::inconclusive);
  CHECK(missing.text == "the positive control is missing");
  const Finding both = with_control(with_control(f, "negative", true), "positive", true);
  CHECK(say(evidence(both), limit).verdict == Verdict::pass);
  CHECK(say(evidence(with_control(both, "negative", false)), limit).text ==
        "the negative control failed");
  CHECK(say(evidence(with_control(both, "positive", std::nullopt)), limit).verdict ==
        Verdict::inconclusive);
  CHECK(say(evidence(with_control(rate_finding(200, 1000), "negative", false)), limit).verdict ==
        Verdict::fail);
}

TEST_CASE("a star fits results and neither controls nor suppressed findings", "[gate]") {
  const Stratum non_members{"member", std::string("no")};
  Finding hidden = rate_finding(1, 3, {"kind", std::string("phone")});
  hidden.suppressed = true;
  const Evidence all =
      evidence(rate_finding(0, 300), control_of(rate_finding(9, 10, non_members)), hidden);
  const GateResult result = judged(all, at_most(0.01));
  CHECK(result.verdict == Verdict::pass);
  REQUIRE(result.checks.size() == 1);
  CHECK(result.checks[0].finding == "discoverable_extraction/verbatim_rate/all");

  CHECK(judged(all, at_most(0.01, "discoverable_extraction/verbatim_rate/member=no")).verdict ==
        Verdict::fail);
  const GateResult named =
      judged(all, at_most(1, "discoverable_extraction/verbatim_rate/kind=phone"));
  CHECK(named.verdict == Verdict::inconclusive);
  CHECK_FALSE(named.checks.at(0).value);
  CHECK_FALSE(named.checks.at(0).n);
}

TEST_CASE("a finding that a result names as its control is one", "[gate]") {
  const std::string id = "discoverable_extraction/verbatim_rate/twins=yes";
  const Finding twins = rate_finding(9, 10, {"twins", std::string("yes")});
  const Finding result = with_control(rate_finding(0, 300), "negative", true, id);
  CHECK(judged(evidence(result, twins), at_most(0.01)).checks.size() == 1);
  CHECK(judged(evidence(rate_finding(0, 300), twins), at_most(0.01)).verdict == Verdict::fail);
  // A finding cannot excuse itself, and a control cannot excuse a result.
  CHECK(judged(evidence(with_control(twins, "negative", true, id)), at_most(0.01)).verdict ==
        Verdict::fail);
  const Finding control = control_of(
      with_control(rate_finding(0, 5, {"member", std::string("no")}), "positive", true, id));
  CHECK(judged(evidence(control, twins), at_most(0.01)).verdict == Verdict::fail);
}

TEST_CASE("a suppressed finding that says strings were reproduced breaks a zero-hit rule",
          "[gate]") {
  Finding hidden = rate_finding(2, 3);
  hidden.suppressed = true;
  hidden.estimate.value.reset();
  CHECK(judged(evidence(hidden), max_count(0)).verdict == Verdict::inconclusive);
  hidden.outcome = Outcome::contradicted;
  const Said said = say(evidence(hidden), max_count(0));
  CHECK(said.verdict == Verdict::fail);
  CHECK(said.text == "strings were reproduced; how many is suppressed");
  CHECK(judged(evidence(hidden), max_count(1)).verdict == Verdict::inconclusive);
}

TEST_CASE("a limit that fits nothing is inconclusive and says what it needs", "[gate]") {
  const Said said =
      say(evidence(rate_finding(0, 300)), at_most(0.01, "personal_data/exposed_rate/*"));
  CHECK(said.verdict == Verdict::inconclusive);
  CHECK(said.text ==
        "fits no finding; once measured, it needs at least 299 persons (or strings), with no hit");
  const Said controls = say(evidence(control_of(rate_finding(0, 300))), at_most(0.01));
  CHECK(controls.verdict == Verdict::inconclusive);
  CHECK_THAT(controls.text, Contains("but controls (1) and suppressed ones (0)"));
}

TEST_CASE("a policy without limits passes nothing", "[gate]") {
  const GateResult result = judge_gate(evidence(rate_finding(0, 300)), {}, nullptr, kToday);
  CHECK(result.verdict == Verdict::inconclusive);
  CHECK_THAT(gate_summary(result), Contains("the policy has no limit"));
}

TEST_CASE("a finding without a value is inconclusive and says why", "[gate]") {
  Estimate none;
  none.reason = "no strings";
  none.unit = "probability";
  const Said said = say(evidence(finding("verbatim_rate", none)), at_most(0.01));
  CHECK(said.verdict == Verdict::inconclusive);
  CHECK(said.text == "there is no value: no strings");
  CHECK(say(evidence(finding("verbatim_rate", none)), max_count(0)).verdict ==
        Verdict::inconclusive);
}

TEST_CASE("worse than the baseline is what the difference's lower bound shows", "[gate]") {
  const Evidence before = evidence(rate_finding(3, 100));
  CHECK(say(evidence(rate_finding(12, 100)), not_worse(), &before).verdict == Verdict::fail);
  CHECK(say(evidence(rate_finding(4, 100)), not_worse(), &before).verdict == Verdict::pass);
  CHECK(say(evidence(rate_finding(0, 100)), not_worse(), &before).verdict == Verdict::pass);
  const Said said = say(evidence(rate_finding(12, 100)), not_worse(), &before);
  CHECK(said.text ==
        "0.12 after 0.03 in the baseline, difference 0.09 with lower bound 0.0228 above 0");
}

TEST_CASE("findings are paired with the baseline by id and arm", "[gate]") {
  const Stratum email{"kind", std::string("email")};
  Finding system = rate_finding(50, 100);
  system.arm = "system";
  const Evidence before = evidence(system, rate_finding(3, 100), rate_finding(40, 100, email));
  const Evidence now = evidence(rate_finding(12, 100), rate_finding(40, 100, email));
  const GateResult result = judged(now, not_worse(), &before);
  REQUIRE(result.checks.size() == 3);
  CHECK(result.checks[0].verdict == Verdict::fail);
  CHECK(result.checks[1].verdict == Verdict::pass);
  CHECK(result.checks[2].verdict == Verdict::inconclusive);  // the system arm has vanished
  CHECK(result.checks[2].arm == "system");
  CHECK_THAT(explain_check(result.checks[2]), Contains("not in this audit"));
}

TEST_CASE("without something to compare with, a baseline rule is inconclusive", "[gate]") {
  const Evidence now = evidence(rate_finding(12, 100));
  CHECK(say(now, not_worse()).text == "no baseline was given to compare with");
  const Evidence empty;
  CHECK(say(now, not_worse(), &empty).text == "not in the baseline");
  Finding suppressed = rate_finding(3, 100);
  suppressed.suppressed = true;
  const Evidence hidden = evidence(suppressed);
  CHECK(say(now, not_worse(), &hidden).verdict == Verdict::inconclusive);
  Finding bits = rate_finding(3, 100);
  bits.estimate.unit = "bits";
  const Evidence other = evidence(bits);
  CHECK(say(now, not_worse(), &other).verdict == Verdict::inconclusive);
}

TEST_CASE("a live waiver excuses and stays visible; an expired one fails", "[gate]") {
  Policy policy{.limits = {at_most(0.01)},
                .waivers = {{"*/verbatim_rate/*", "A. Example", "retrained in May", kToday}}};
  const Evidence bad = evidence(rate_finding(50, 100));
  const GateResult live = judge_gate(bad, policy, nullptr, kToday);
  CHECK(live.verdict == Verdict::pass);
  REQUIRE(live.checks.size() == 1);
  CHECK(live.checks[0].verdict == Verdict::fail);
  CHECK(live.checks[0].waived());
  CHECK_THAT(explain_gate(live, false), Contains("WAIVED") && Contains("A. Example") &&
                                            Contains("until 2026-03-15, excuses 1 check"));
  CHECK_THAT(gate_summary(live), Contains("1 waived"));

  const GateResult expired = judge_gate(bad, policy, nullptr, "2026-03-16");
  CHECK(expired.verdict == Verdict::fail);
  CHECK_FALSE(expired.checks[0].waived());
  CHECK_THAT(explain_gate(expired, false), Contains("expired on 2026-03-15"));

  // Even where it would excuse nothing.
  const Evidence good = evidence(rate_finding(0, 1000));
  CHECK(judge_gate(good, policy, nullptr, kToday).verdict == Verdict::pass);
  CHECK(judge_gate(good, policy, nullptr, kToday).waivers[0].used == 0);
  CHECK(judge_gate(good, policy, nullptr, "2027-01-01").verdict == Verdict::fail);
}

TEST_CASE("a waiver excuses what it fits and nothing else", "[gate]") {
  const Policy policy{
      .limits = {at_most(0.01), at_most(0.01, "personal_data/*")},
      .waivers = {{"*/kind=email", "A. Example", "", "2026-12-31"}, {"*", "", "", "2026-12-31"}}};
  Policy narrow = policy;
  narrow.waivers.pop_back();
  const Evidence bad =
      evidence(rate_finding(50, 100), rate_finding(50, 100, {"kind", std::string("email")}));
  const GateResult result = judge_gate(bad, narrow, nullptr, kToday);
  CHECK(result.verdict == Verdict::fail);
  CHECK_FALSE(result.checks[0].waived());
  CHECK(result.checks[1].waived());
  // A star does not excuse controls either; their name does.
  Policy controls = {.limits = {at_most(0.01, "discoverable_extraction/verbatim_rate/all")},
                     .waivers = {{"*", "", "", "2026-12-31"}}};
  const Evidence failing_control = evidence(control_of(rate_finding(50, 100)));
  CHECK(judge_gate(failing_control, controls, nullptr, kToday).verdict == Verdict::fail);
  controls.waivers[0].finding = controls.limits[0].finding;
  CHECK(judge_gate(failing_control, controls, nullptr, kToday).verdict == Verdict::pass);
  // Nothing excuses a limit that fits no finding.
  CHECK(judge_gate(bad, policy, nullptr, kToday).verdict == Verdict::inconclusive);
}

TEST_CASE("the worst of several checks is the verdict, and each has its exit code", "[gate]") {
  const Policy policy{.limits = {at_most(0.01)}, .waivers = {}};
  const Stratum a{"kind", std::string("email")};
  const Stratum b{"kind", std::string("phone")};
  const auto verdict = [&](const Evidence& e) {
    return judge_gate(e, policy, nullptr, kToday).verdict;
  };
  CHECK(verdict(evidence(rate_finding(0, 300), rate_finding(0, 300, a))) == Verdict::pass);
  CHECK(verdict(evidence(rate_finding(0, 300), rate_finding(0, 30, a))) == Verdict::inconclusive);
  CHECK(verdict(evidence(rate_finding(0, 30), rate_finding(9, 30, a), rate_finding(0, 300, b))) ==
        Verdict::fail);
  CHECK(gate_exit_code(Verdict::pass, false) == 0);
  CHECK(gate_exit_code(Verdict::fail, false) == 3);
  CHECK(gate_exit_code(Verdict::inconclusive, false) == 4);
  CHECK(gate_exit_code(Verdict::fail, true) == 0);
  CHECK(gate_exit_code(Verdict::inconclusive, true) == 4);
}

TEST_CASE("today must be a day", "[gate]") {
  CHECK_THROWS_AS(judge_gate({}, {}, nullptr, "15 March"), Error);
}

TEST_CASE("a judgement goes into evidence and comes back", "[gate]") {
  Limit limit = at_most(0.01);
  limit.min_n = 300;
  limit.require_controls = {"negative"};
  limit.owner = "A. Example";
  limit.reason = "agreed";
  limit.date = "2026-01-01";
  const Policy policy{.limits = {limit, max_count(3), not_worse(), at_most(1.0, "nothing")},
                      .waivers = {{"*", "B. Example", "known", "2026-12-31"}}};
  const Evidence now =
      evidence(rate_finding(5, 400), rate_finding(0, 30, {"kind", std::string("x")}));
  const GateResult result = judge_gate(now, policy, &now, kToday);
  const nlohmann::json written = gate_json(result);
  const GateResult read = gate_from_json(nlohmann::json::parse(canonical_json(written)));
  CHECK(canonical_json(gate_json(read)) == canonical_json(written));
  CHECK(read.verdict == result.verdict);
  CHECK(explain_gate(read, true) == explain_gate(result, true));
  CHECK(gate_summary(read) == gate_summary(result));
  // What it says depends on the state of the waivers, not on the day.
  CHECK(canonical_json(gate_json(judge_gate(now, policy, &now, "2026-03-16"))) ==
        canonical_json(written));
}

TEST_CASE("a judgement that is none is refused by its pointer", "[gate]") {
  const nlohmann::json good = gate_json(judged(evidence(rate_finding(0, 300)), at_most(0.01)));
  const auto message = [](const nlohmann::json& json) {
    try {
      gate_from_json(json);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::integrity);
      return std::string(error.what());
    }
    return std::string();
  };
  nlohmann::json bad = good;
  bad["verdict"] = "green";
  CHECK_THAT(message(bad), Contains("/gate/verdict"));
  bad = good;
  bad["checks"][0]["limit"] = 7;
  CHECK_THAT(message(bad), Contains("/gate/checks/0/limit"));
  bad = good;
  bad["checks"][0].erase("rules");
  CHECK_THAT(message(bad), Contains("/gate/checks/0/rules"));
  CHECK_THAT(message(nullptr), Contains("/gate"));
}

TEST_CASE("everything is explained when asked, and only what matters otherwise", "[gate]") {
  Limit limit = at_most(0.01);
  limit.owner = "A. Example";
  const GateResult result = judged(
      evidence(rate_finding(0, 300), rate_finding(9, 30, {"kind", std::string("email")})), limit);
  CHECK(explain_gate(result, true) ==
        "PASS          discoverable_extraction/verbatim_rate/all: upper bound 0.00994 is at most "
        "0.01 (0 of 300 strings) [limit set by A. Example]\n"
        "FAIL          discoverable_extraction/verbatim_rate/kind=email: lower bound 0.166 is "
        "above 0.01 (9 of 30 strings) [limit set by A. Example]\n");
  CHECK_THAT(explain_gate(result, false), !Contains("PASS") && Contains("FAIL"));
  CHECK(gate_summary(result) == "gate: fail: 1 passed, 1 failed, 0 inconclusive, 0 waived");
}

TEST_CASE("numbers are as short as they can be told apart", "[gate]") {
  CHECK(number_text(0.00993608) == "0.00994");
  CHECK(number_text(0.0100016, 0.01) == "0.010002");
  CHECK(number_text(0.01, 0.0100016) == "0.01");
  CHECK(number_text(0.01, 0.01) == "0.01");
  CHECK(number_text(1e-27) == "1e-27");
  CHECK(number_text(0.1, std::nextafter(0.1, 1.0)) == "0.10000000000000001");
}
