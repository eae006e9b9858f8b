#include <algorithm>
#include <catch2/catch.hpp>

#include "metrics/epsilon.h"
#include "metrics/rng.h"
#include "tests/support/audit_fixture.h"
#include "tests/support/list_cursor.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

const nlohmann::json kOneRunParameters = {{"min_n", 50}};

Finding judge_one_run(std::vector<JudgedString> strings, std::optional<double> inclusion = 0.5,
                      nlohmann::json parameters = kOneRunParameters) {
  const Probe& probe = find_probe("one_run_audit");
  ProbeContext context;
  context.parameters = probe.resolve(parameters, "test");
  context.inclusion = inclusion;
  ListCursor cursor(std::move(strings));
  const auto findings = probe.judge(context, cursor);
  REQUIRE(findings.size() == 1);
  return findings[0];
}

double one_run_lot(int i, const char* purpose) {
  return 1.0 + Rng(9, purpose, {static_cast<std::uint64_t>(i)}).uniform01();
}

// 100 canaries to be planted once, of which every second was, and whose losses then fall by `gain`;
// 20 planted often; 20 held out beforehand.
std::vector<JudgedString> one_run_canaries(double gain) {
  std::vector<JudgedString> strings;
  for (int i = 0; i < 100; ++i) {
    const bool planted = i % 2 == 0;
    strings.push_back(made_canary("once" + std::to_string(i),
                                  one_run_lot(i, "once") - (planted ? gain : 0.0), 1, planted));
  }
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    strings.push_back(made_canary("often" + n, 0.2, 64, true, true, true));
    strings.push_back(made_canary("control" + n, one_run_lot(i, "control"), 0, false, false));
  }
  return strings;
}

}  // namespace

TEST_CASE("a coin that is guessed every time proves what so many guesses can", "[one_run]") {
  const Finding finding = judge_one_run(one_run_canaries(1.0));
  CHECK(finding_id(finding) ==
        "one_run_audit/epsilon_lower_bound[delta=0.00001,guess_share=0.5,score=loss]/all");
  CHECK(finding.estimate.n == 100);
  CHECK(finding.estimate.count == 50);
  CHECK(*finding.estimate.n_effective == 50.0);
  CHECK(*finding.estimate.value == one_run_epsilon({100, 50, 50}, 1e-5, 0.05));
  CHECK(finding.outcome == Outcome::contradicted);
  CHECK(*finding.minimum_detectable == *finding.estimate.value);
}

TEST_CASE("a coin that cannot be guessed proves nothing, and says what could have been",
          "[one_run]") {
  const Finding finding = judge_one_run(one_run_canaries(0.0));
  CHECK(*finding.estimate.value == 0.0);
  CHECK(finding.outcome == Outcome::not_contradicted_in_scope);
  CHECK(*finding.minimum_detectable > 2.0);
  auto strings = one_run_canaries(0.0);
  for (JudgedString& string : strings) {
    if (string.canary->most_often) string.observation.log_probs.assign(6, -1.9);
  }
  CHECK(judge_one_run(strings).outcome_reason.code == "most_planted_unseen");
}

TEST_CASE("only canaries that the coin decided on, to be planted once, are guessed on",
          "[one_run]") {
  auto strings = one_run_canaries(1.0);
  for (int i = 0; i < 30; ++i) {
    strings.push_back(made_canary("four" + std::to_string(i), 0.0, 4, i % 2 == 0));
  }
  CHECK(judge_one_run(strings).estimate.n == 100);
}

TEST_CASE("an unfair coin, no canaries, none planted once: not tested", "[one_run]") {
  CHECK(judge_one_run(one_run_canaries(1.0), 0.3).outcome == Outcome::not_tested);
  CHECK(judge_one_run(one_run_canaries(1.0), 0.3).outcome_reason.code == "unfair_coin");
  CHECK(judge_one_run({made_string("s", 1.0, Member::yes)}).outcome_reason.code == "no_canaries");
  CHECK(judge_one_run({made_canary("c", 1.0, 4, true)}).outcome_reason.code == "no_canary_once");
}

TEST_CASE("held-out canaries unlike those the coin left out withhold both words", "[one_run]") {
  auto strings = one_run_canaries(1.0);
  for (JudgedString& string : strings) {
    if (!string.canary->coin) string.observation.log_probs.assign(6, -0.1);
  }
  CHECK(judge_one_run(strings).outcome_reason.code == "held_out_differ");
}

TEST_CASE("equal scores are guessed by lot, not by the coin", "[one_run]") {
  auto strings = one_run_canaries(0.0);
  for (JudgedString& string : strings) string.observation.log_probs.assign(6, -1.0);
  const Finding finding = judge_one_run(strings, 0.5, {{"min_n", 50}, {"guess_share", 1.0}});
  CHECK(finding.estimate.n == 100);
  CHECK(*finding.estimate.count > 30);
  CHECK(*finding.estimate.count < 70);
  std::reverse(strings.begin(), strings.end());
  CHECK(judge_one_run(strings, 0.5, {{"min_n", 50}, {"guess_share", 1.0}}).estimate.count ==
        finding.estimate.count);
}

TEST_CASE("canaries of several templates are guessed on by their exposure", "[one_run]") {
  auto strings = one_run_canaries(0.0);
  for (std::size_t i = 0; i < strings.size(); ++i) {
    const bool planted = strings[i].canary->planted;
    strings[i].rank = CandidateRank{.exact = true,
                                    .space = 1000,
                                    .log2_space = 10.0,
                                    .candidates = 999,
                                    .rank = planted ? 1.0 : 500.0 + static_cast<double>(i)};
  }
  const Finding finding = judge_one_run(strings, 0.5, {{"min_n", 50}, {"score", "exposure"}});
  CHECK(finding.estimate.count == 50);
  CHECK(judge_one_run(one_run_canaries(1.0), 0.5, {{"score", "exposure"}}).estimate.reason ==
        "no score: it was not ranked");
}

// 400 null audits of 100 canaries whose coins are thrown anew: at most 5 % prove a loss; more than
// 9.5 % has a chance of 1e-4.
TEST_CASE("a model that never saw a canary is seldom said to have", "[one_run]") {
  int proved = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    Rng rng(4, "one run probe null", {run});
    std::vector<JudgedString> strings;
    for (int i = 0; i < 100; ++i) {
      strings.push_back(made_canary("c" + std::to_string(i), 1.0 + rng.uniform01(), 1,
                                    rng.uniform_below(2) == 0));
    }
    proved += *judge_one_run(std::move(strings)).estimate.value > 0.0 ? 1 : 0;
  }
  CHECK(proved <= 38);
}
