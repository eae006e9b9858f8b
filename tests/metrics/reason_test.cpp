#include "metrics/reason.h"

#include <catch2/catch.hpp>
#include <set>

namespace souvenir {
namespace {

TEST_CASE("a reason is read as it was worded, with what stands in it", "[reason]") {
  std::set<std::string_view> codes;
  for (const Reason& reason : kReasons) {
    CAPTURE(reason.code);
    CHECK(codes.insert(reason.code).second);
    if (reason.text.find("{}") != std::string_view::npos) continue;
    const auto read = read_reason(reason.text);
    REQUIRE(read);
    CHECK(read->code == reason.code);
    CHECK(read->parts.empty());
  }
  const auto two = read_reason(because("few_non_members", {"10", "1000"}));
  REQUIRE(two);
  CHECK(two->code == "few_non_members");
  CHECK(two->parts == std::vector<std::string>{"10", "1000"});
  const auto one = read_reason(because("few_controls", {"10"}));
  REQUIRE(one);
  CHECK(one->code == "few_controls");
  const std::string inner = because("lower_cased", {because("no_tokens")});
  CHECK(inner == "lower-cased: no tokens");
  const auto nested = read_reason(because("no_score", {inner}));
  REQUIRE(nested);
  CHECK(nested->code == "no_score");
  CHECK(nested->parts == std::vector<std::string>{inner});
}

TEST_CASE("any other sentence is not taken for a reason", "[reason]") {
  const std::string text = GENERATE(
      as<std::string>(), "", "no string", "no strings at all", "no score: ", "no score: -1e5",
      "no score: <b>", "more guesses (11) than canaries (", "more guesses (1) than",
      "too few controls: there are 10, and more", "too few controls: there are 10000000000000000");
  CAPTURE(text);
  CHECK_FALSE(read_reason(text));
}

TEST_CASE("a reason within reasons without end is refused", "[reason]") {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "no fit: ";
  CHECK_FALSE(read_reason(deep + "no tokens"));
}

TEST_CASE("a reason has as many parts as holes", "[reason]") {
  CHECK_THROWS_AS(because("no_strings", {"1"}), std::invalid_argument);
  CHECK_THROWS_AS(because("few_controls"), std::invalid_argument);
  CHECK_THROWS_AS(because("few_controls", {"1", "2"}), std::invalid_argument);
}

}  // namespace
}  // namespace souvenir
