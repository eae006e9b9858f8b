#include "reports/junit.h"

#include <catch2/catch.hpp>
#include <pugixml.hpp>
#include <string>

#include "tests/reports/gate_fixture.h"

using namespace souvenir;
using namespace gate_fixture;

namespace {

pugi::xml_document parsed(const GateResult& result) {
  pugi::xml_document document;
  const std::string xml = junit_xml(result);
  REQUIRE(document.load_buffer(xml.data(), xml.size()));
  return document;
}

std::string attribute(const pugi::xml_node& node, const char* name) {
  return node.attribute(name).as_string("(none)");
}

}  // namespace

TEST_CASE("each limit and finding is a test case, and counted", "[junit]") {
  Limit waived = max_count(0, "*/kind=email");
  const Policy policy{
      .limits = {at_most(0.01), max_count(0, "nothing/*"), waived},
      .waivers = {{"*/kind=email", "", "", "2026-12-31"}, {"x", "", "", "2026-01-01"}}};
  const Evidence e =
      evidence(rate_finding(0, 300), rate_finding(0, 20, {"kind", std::string("phone")}),
               rate_finding(9, 20, {"kind", std::string("email")}));
  const pugi::xml_document document = parsed(judge_gate(e, policy, nullptr, kToday));
  const pugi::xml_node suite = document.child("testsuites").child("testsuite");
  CHECK(attribute(suite, "name") == "souvenir gate");
  for (const pugi::xml_node& totals : {suite, document.child("testsuites")}) {
    CHECK(attribute(totals, "tests") == "6");
    CHECK(attribute(totals, "failures") == "1");
    CHECK(attribute(totals, "errors") == "2");
    CHECK(attribute(totals, "skipped") == "2");
  }
  auto test = suite.child("testcase");
  CHECK(attribute(test, "classname") == "discoverable_extraction/*");
  CHECK(attribute(test, "name") == "discoverable_extraction/verbatim_rate/all");
  CHECK_FALSE(test.child("failure"));
  CHECK_FALSE(test.child("error"));
  test = test.next_sibling();
  CHECK(attribute(test.child("error"), "type") == "inconclusive");
  CHECK(attribute(test.child("error"), "message").find("needs at least 299 strings") !=
        std::string::npos);
  test = test.next_sibling();
  CHECK(attribute(test.child("skipped"), "message") ==
        "waived until 2026-12-31 (fail): lower bound 0.259 is above 0.01 (9 of 20 strings)");
  test = test.next_sibling();
  CHECK(attribute(test, "name") == "(fits no finding)");
  CHECK(test.child("error"));
  test = test.next_sibling();
  CHECK(test.child("skipped"));
  test = test.next_sibling();
  CHECK(attribute(test, "classname") == "waiver");
  CHECK(attribute(test.child("failure"), "message") == "the waiver expired on 2026-01-01");
}

TEST_CASE("a failure says so with its numbers", "[junit]") {
  const pugi::xml_document document =
      parsed(judged(evidence(rate_finding(31, 1000)), at_most(0.02)));
  const pugi::xml_node failure =
      document.child("testsuites").child("testsuite").child("testcase").child("failure");
  CHECK(attribute(failure, "type") == "fail");
  CHECK(attribute(failure, "message") == "lower bound 0.0225 is above 0.02 (31 of 1000 strings)");
}

TEST_CASE("a policy without limits is no green suite", "[junit]") {
  const pugi::xml_document document = parsed(judge_gate({}, {}, nullptr, kToday));
  CHECK(attribute(document.child("testsuites"), "errors") == "1");
}

TEST_CASE("markup is escaped and what XML forbids is left out", "[junit]") {
  const auto [name, shown] = GENERATE(table<std::string, std::string>({
      {"a<b>&\"c'", "a<b>&\"c'"},
      {std::string("a\x01") + "b\x1F" + "c\x7F", "abc\x7F"},
      {std::string("a\0b", 3), "ab"},
      {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
      {"a\xEF\xBF\xBE"
       "b\xEF\xBF\xBF",
       "ab"},  // U+FFFE, U+FFFF
      {"a\xED\xA0\x80"
       "b",
       "ab"},  // a surrogate
      {"a\xFF\xC3"
       "b\xC0\xAF\xE0\x80\x80\xF4\x90\x80\x80"
       "c\xE2\x82",
       "abc"},  // not UTF-8
  }));
  const pugi::xml_document document = parsed(judged({}, max_count(0, name)));
  const pugi::xml_node test = document.child("testsuites").child("testsuite").child("testcase");
  CHECK(attribute(test, "classname") == shown);
}
