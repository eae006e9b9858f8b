#include "reports/gate.h"

#include <catch2/catch.hpp>
#include <string>

#include "harness/error.h"
#include "tests/reports/gate_fixture.h"

using namespace souvenir;
using namespace gate_fixture;
using Catch::Contains;

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
