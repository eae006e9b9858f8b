#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "metrics/rng.h"
#include "metrics/skew_normal.h"
#include "metrics/special.h"
#include "tests/support/audit_fixture.h"
#include "tests/support/list_cursor.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

std::vector<Finding> judge_exposures(std::vector<JudgedString> strings) {
  const Probe& probe = find_probe("canary_exposure");
  ProbeContext context;
  context.parameters = probe.resolve(nlohmann::json::object(), "test");
  ListCursor cursor(std::move(strings));
  return probe.judge(context, cursor);
}

JudgedString ranked(const std::string& name, double rank, std::int64_t tier, bool planted,
                    bool most_often = false) {
  JudgedString string = made_canary(name, 1.0, tier, planted, tier > 0, most_often);
  string.rank = CandidateRank{.exact = true,
                              .space = 1000,
                              .log2_space = std::log2(1000.0),
                              .candidates = 999,
                              .rank = rank};
  return string;
}

double lot(int i, const char* purpose) {
  return 1.0 +
         static_cast<double>(Rng(5, purpose, {static_cast<std::uint64_t>(i)}).uniform_below(1000));
}

// Twenty canaries of each of two tiers and twenty held out, ranked by lot but for those planted
// most often.
std::vector<JudgedString> canaries(double rank_of_often) {
  std::vector<JudgedString> strings;
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    strings.push_back(ranked("once" + n, lot(i, "once"), 1, true));
    strings.push_back(
        ranked("often" + n, rank_of_often > 0.0 ? rank_of_often : lot(i, "often"), 64, true, true));
    strings.push_back(ranked("out" + n, lot(i, "out"), 1, false));
  }
  return strings;
}

}  // namespace

TEST_CASE("canaries that rank first contradict, by tier", "[exposure]") {
  const auto findings = judge_exposures(canaries(1.0));
  const Finding& often = find(findings, "canary_exposure/exposure_median/repetitions=64");
  CHECK(often.outcome == Outcome::contradicted);
  CHECK(*often.estimate.value == Approx(9.965784284662));
  CHECK(often.estimate.n == 20);
  CHECK(often.controls[0].finding == "canary_exposure/exposure_median/member=no");
  CHECK(often.controls[0].passed == true);
  CHECK(often.controls[1].passed == true);
  const Finding& first = find(findings, "canary_exposure/rank_first_rate/repetitions=64");
  CHECK(first.estimate.count == 20);
  CHECK(first.outcome == Outcome::contradicted);
  CHECK(*find(findings, "canary_exposure/exposure_max/repetitions=64").estimate.value ==
        Approx(9.965784284662));
  const Finding& once = find(findings, "canary_exposure/exposure_median/repetitions=1");
  CHECK(once.outcome == Outcome::not_contradicted_in_scope);
  CHECK(*once.estimate.value < 4.0);
  const Finding& held_out = find(findings, "canary_exposure/exposure_median/member=no");
  CHECK(held_out.is_control);
  CHECK(held_out.estimate.n == 20);
}

TEST_CASE("canaries that rank by lot do not reassure where none is seen", "[exposure]") {
  const auto findings = judge_exposures(canaries(0.0));
  for (const Finding& finding : findings) {
    CAPTURE(finding_id(finding));
    CHECK(finding.outcome != Outcome::contradicted);
    CHECK(finding.outcome != Outcome::not_contradicted_in_scope);
  }
  CHECK(find(findings, "canary_exposure/exposure_median/repetitions=64").outcome_reason.code ==
        "most_planted_unseen");
}

TEST_CASE("a tokenizer that was trained on the canaries is named", "[exposure]") {
  const auto named = [](const std::vector<Finding>& findings) {
    const auto& caveats = find(findings, "canary_exposure/exposure_median/repetitions=64").caveats;
    return std::any_of(caveats.begin(), caveats.end(),
                       [](const Remark& remark) { return remark.code == "fewer_tokens"; });
  };
  CHECK_FALSE(named(judge_exposures(canaries(1.0))));
  auto strings = canaries(1.0);
  for (JudgedString& string : strings) {
    const bool often = string.canary->tier == 64;
    string.observation.log_probs.assign(often ? 1 : 3, -1.0);
  }
  CHECK(named(judge_exposures(strings)));
}

TEST_CASE("held-out canaries that are exposed withhold both words", "[exposure]") {
  auto strings = canaries(1.0);
  for (JudgedString& string : strings) {
    if (!string.canary->planted) string.rank->rank = 2.0;
  }
  const auto findings = judge_exposures(std::move(strings));
  const Finding& often = find(findings, "canary_exposure/exposure_median/repetitions=64");
  CHECK(often.outcome == Outcome::inconclusive);
  CHECK(often.outcome_reason.code == "held_out_differ");
}

TEST_CASE("no held-out canary, no word", "[exposure]") {
  std::vector<JudgedString> strings;
  for (JudgedString& string : canaries(1.0)) {
    if (string.canary->planted) strings.push_back(string);
  }
  const auto findings = judge_exposures(std::move(strings));
  CHECK(find(findings, "canary_exposure/exposure_median/repetitions=64").outcome_reason.code ==
        "no_negative_control");
}

TEST_CASE("exact and sampled ranks are never added up", "[exposure]") {
  auto strings = canaries(1.0);
  for (std::size_t i = 0; i < strings.size(); i += 2) {
    strings[i].rank->exact = false;
    strings[i].rank->space = 0;
    strings[i].rank->log2_space = 60.0;
  }
  const auto findings = judge_exposures(std::move(strings));
  const Finding& exact = find(findings, "canary_exposure/exposure_median/repetitions=64");
  const Finding& sampled =
      find(findings, "canary_exposure/exposure_median[ranking=sampled]/repetitions=64");
  CHECK(exact.estimate.n == 10);
  CHECK(sampled.estimate.n == 10);
  CHECK(*sampled.estimate.value == Approx(std::log2(1000.0)));
  CHECK(sampled.caveats[0].code == "ranking_resolution");
  CHECK(*sampled.caveats[0].count == Approx(std::log2(1000.0)));
}

// 20 fits of 300 normal losses, of which each is refused with a chance of 5 %: more than 6 refused
// has a chance of 3e-5.
TEST_CASE("what a search of a whole space found is described, bounds as bounds", "[exposure]") {
  auto strings = canaries(1.0);
  for (std::size_t i = 0; i < strings.size(); ++i) {
    JudgedString& string = strings[i];
    SearchedRank found{.complete = true, .log2_space = 128.0};
    if (string.subject.starts_with("once")) found.likelier = 15;  // 124 bits
    if (string.subject.starts_with("out")) {
      found.complete = false;
      found.likelier = 3;
    }
    string.searched = found;
  }
  const auto findings = judge_exposures(strings);
  const std::string metric = "canary_exposure/exposure_median[ranking=searched]/";
  CHECK(*find(findings, metric + "repetitions=64").estimate.value == Approx(128.0));
  CHECK(*find(findings, metric + "repetitions=1").estimate.value == Approx(124.0));
  CHECK(find(findings, metric + "repetitions=1").outcome == Outcome::not_applicable);
  const Finding& out = find(findings, metric + "member=no");
  CHECK(out.is_control);
  CHECK_FALSE(out.estimate.value);
  CHECK(*out.estimate.low == 0.0);
  CHECK(*out.estimate.high == Approx(126.0));
  CHECK(out.caveats.at(0).code == "search_ended");
  const Finding& first =
      find(findings, "canary_exposure/rank_first_rate[ranking=searched]/repetitions=64");
  CHECK(*first.estimate.count == 20);
  CHECK(*find(findings, "canary_exposure/rank_first_rate[ranking=searched]/repetitions=1")
             .estimate.count == 0);
  const Finding& most = find(findings, "canary_exposure/exposure_max[ranking=searched]/member=no");
  CHECK_FALSE(most.estimate.value);
}

TEST_CASE("extrapolated bits are called that, and stand apart", "[exposure]") {
  auto strings = canaries(1.0);
  for (std::size_t i = 0; i < strings.size(); ++i) {
    CandidateRank& rank = *strings[i].rank;
    rank.exact = false;
    rank.log2_space = 60.0;
    rank.candidates = 300;
    rank.rank = strings[i].canary->most_often ? 1.0 : 150.0;
    rank.log_prob = strings[i].canary->most_often ? -10.0 : -20.0;
    Rng rng(2, "losses", {i});
    for (int k = 0; k < 300; ++k) {
      rank.sample.push_back(-20.0 + 2.0 * normal_quantile(rng.uniform01() + 1e-12));
    }
  }
  const auto findings = judge_exposures(std::move(strings));
  const Finding& beyond =
      find(findings, "canary_exposure/exposure_median[ranking=extrapolated]/repetitions=64");
  REQUIRE(beyond.estimate.value);
  // Five deviations below the mean of a normal: 21.7 bits; fits of 300 values vary.
  CHECK(*beyond.estimate.value > 14.0);
  CHECK(*beyond.estimate.value < 40.0);
  CHECK(*beyond.estimate.n >= 14);
  CHECK(beyond.outcome == Outcome::not_applicable);
  CHECK(beyond.caveats[0].code == "extrapolated");
  CHECK(*find(findings, "canary_exposure/exposure_median[ranking=sampled]/repetitions=64")
             .estimate.value == Approx(std::log2(301.0)));
}

TEST_CASE("without canaries the probe was not run", "[exposure]") {
  const auto findings = judge_exposures({made_string("s", 1.0, Member::yes)});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].outcome == Outcome::not_tested);
  CHECK(findings[0].outcome_reason.code == "no_canaries");
  CHECK(judge_exposures({made_canary("c", 1.0, 1, true)})[0].outcome_reason.code == "no_ranks");
}

TEST_CASE("small tiers are withheld", "[exposure]") {
  auto strings = canaries(1.0);
  strings.push_back(ranked("rare", 1.0, 4, true));
  const Finding rare =
      find(judge_exposures(std::move(strings)), "canary_exposure/exposure_median/repetitions=4");
  CHECK(rare.suppressed);
  CHECK_FALSE(rare.estimate.value);
}
