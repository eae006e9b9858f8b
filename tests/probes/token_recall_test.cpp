#include <catch2/catch.hpp>

#include "tests/metrics/known_answers.h"
#include "tests/support/audit_fixture.h"
#include "tests/support/list_cursor.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

// A string whose greedy tokens match the true ones where `pattern` has a 1.
JudgedString matched(const std::string& name, const std::string& pattern, Member member) {
  JudgedString string = made_string(name, 1.0, member);
  string.matches.clear();
  for (const char c : pattern) string.matches.push_back(c == '1' ? 1 : 0);
  string.tokens = static_cast<std::int64_t>(string.matches.size());
  return string;
}

std::vector<Finding> judge(std::vector<JudgedString> strings) {
  const Probe& probe = find_probe("token_recall");
  ProbeContext context;
  context.parameters = probe.resolve(nlohmann::json::object(), "test");
  ListCursor cursor(std::move(strings));
  return probe.judge(context, cursor);
}

double value(const std::vector<Finding>& findings, const std::string& metric,
             const std::string& stratum = "all") {
  return find(findings, "token_recall/" + metric + "/" + stratum).estimate.value.value();
}

}  // namespace

// Each row of the known answers five times over, since fewer strings are withheld.
TEST_CASE("accuracy and strength of strings are the known ones", "[token_recall]") {
  for (const auto& row : known_answers("es_em")) {
    const std::string pattern = row.at("match").get<std::string>();
    CAPTURE(pattern);
    const auto findings =
        judge(std::vector<JudgedString>(5, matched("s", pattern, Member::unknown)));
    CHECK(value(findings, "token_accuracy") == near(row.at("EM")));
    CHECK(value(findings, "extraction_strength") == near(row.at("ES_paper")));
  }
}

TEST_CASE("the longest run is that of the string known best, wherever it stands",
          "[token_recall]") {
  const auto findings =
      judge({matched("a", "0000000000", Member::yes), matched("b", "0111110011", Member::yes),
             matched("c", "1111001111", Member::yes), matched("d", "1010101010", Member::unknown),
             matched("e", "111", Member::unknown)});
  CHECK(value(findings, "longest_run_max") == 5.0);
  CHECK(value(findings, "token_accuracy") == near((0 + .7 + .8 + .5 + 1) / 5));
  CHECK(value(findings, "extraction_strength") == near((0 + .2 + .4 + 0 + 1) / 5));
  const Finding& longest = find(findings, "token_recall/longest_run_max/all");
  CHECK(longest.estimate.low == 5.0);
  CHECK(longest.estimate.high == 5.0);
  CHECK(longest.estimate.unit == "tokens");
  CHECK(longest.outcome == Outcome::not_applicable);
  CHECK(find(findings, "token_recall/token_accuracy/member=yes").suppressed);
}

TEST_CASE("controls are described beside, and what a prompt gives away is left out",
          "[token_recall]") {
  std::vector<JudgedString> strings;
  for (int i = 0; i < 6; ++i) {
    strings.push_back(matched("in" + std::to_string(i), "1101", Member::yes));
    strings.push_back(matched("out" + std::to_string(i), "0100", Member::no));
    strings.push_back(matched("known" + std::to_string(i), "1111", Member::yes));
    strings.back().positive_control = true;
    strings.push_back(matched("told" + std::to_string(i), "1111", Member::yes));
    strings.back().given_away = true;
  }
  const auto findings = judge(strings);
  CHECK(value(findings, "token_accuracy") == near(.75));
  CHECK(value(findings, "token_accuracy", "member=no") == near(.25));
  CHECK(value(findings, "longest_run_max", "role=positive_control") == 4.0);
  CHECK(find(findings, "token_recall/token_accuracy/member=no").is_control);
  CHECK(find(findings, "token_recall/token_accuracy/all").estimate.n == 6);
  CHECK_FALSE(find(findings, "token_recall/token_accuracy/all").is_control);
  const auto& caveats = find(findings, "token_recall/token_accuracy/all").caveats;
  REQUIRE(caveats.size() == 1);
  CHECK(caveats[0].code == "left_out_given_away");
  CHECK(caveats[0].count == 6.0);
}
