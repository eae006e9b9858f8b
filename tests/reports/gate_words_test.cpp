// A judgement as JSON and in words.

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
