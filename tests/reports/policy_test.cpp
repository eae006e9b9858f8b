#include "reports/policy.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "harness/error.h"
#include "tests/reports/gate_fixture.h"
#include "tests/support/published_schema.h"

using namespace souvenir;
using Catch::Contains;
using nlohmann::json;

namespace {

std::string config(const std::string& name) {
  std::ifstream file(SOUVENIR_SOURCE_DIR "/configs/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  if (text.str().empty()) throw std::runtime_error("configs/" + name + ": cannot be read");
  return text.str();
}

bool schema_accepts(const json& document) {
  return tests::fits_schema("policy.schema.json", document);
}

// The message parse_policy refuses a text with; empty if it does not.
std::string refusal(const std::string& text) {
  try {
    parse_policy(text);
    return "";
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::input);
    return error.what();
  }
}

json minimal() {
  return {{"schema", "souvenir/policy/1"},
          {"limits", json::array({{{"finding", "a/b/*"}, {"at_most", 0.01}}})},
          {"waivers", json::array({{{"finding", "a/b/c"}, {"expires", "2027-01-31"}}})}};
}

bool has(const std::vector<Remark>& remarks, const std::string& code) {
  for (const Remark& remark : remarks) {
    if (remark.code == code) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a policy is read with everything it says", "[policy]") {
  const Policy policy = parse_policy(R"({
    "schema": "souvenir/policy/1",
    "limits": [{"finding": "discoverable_extraction/verbatim_rate/*", "at_most": 0.01,
                "max_count": 2, "not_worse_than_baseline": true, "min_n": 300,
                "require_controls": ["negative", "positive"],
                "owner": "A. Example", "reason": "agreed", "date": "2026-01-01"}],
    "waivers": [{"finding": "x/y/all", "owner": "B. Example", "reason": "known",
                 "expires": "2028-02-29"}]})");
  REQUIRE(policy.limits.size() == 1);
  const Limit& limit = policy.limits[0];
  CHECK(limit.finding == "discoverable_extraction/verbatim_rate/*");
  CHECK(limit.at_most == 0.01);
  CHECK(limit.max_count == 2);
  CHECK(limit.not_worse_than_baseline);
  CHECK(limit.min_n == 300);
  CHECK(limit.require_controls == std::vector<std::string>{"negative", "positive"});
  CHECK(limit.owner == "A. Example");
  CHECK(limit.reason == "agreed");
  CHECK(limit.date == "2026-01-01");
  REQUIRE(policy.waivers.size() == 1);
  CHECK(policy.waivers[0].finding == "x/y/all");
  CHECK(policy.waivers[0].owner == "B. Example");
  CHECK(policy.waivers[0].reason == "known");
  CHECK(policy.waivers[0].expires == "2028-02-29");
}

TEST_CASE("an unknown key is named by its pointer, with the nearest known one", "[policy]") {
  json policy = minimal();
  policy["limits"][0]["at_mots"] = 0.5;
  CHECK(refusal(policy.dump()) ==
        "policy: /limits/0/at_mots: unknown key; the nearest known key is \"at_most\"");
  policy = minimal();
  policy["wavers"] = json::array();
  CHECK(refusal(policy.dump()) ==
        "policy: /wavers: unknown key; the nearest known key is \"waivers\"");
  policy = minimal();
  policy["waivers"][0]["until/when~"] = "";
  CHECK_THAT(refusal(policy.dump()), Contains("/waivers/0/until~1when~0: unknown key"));
  policy = minimal();
  policy["limits"][0]["require_controls"] = {"negativ"};
  CHECK(refusal(policy.dump()) ==
        "policy: /limits/0/require_controls/0: unknown control; the nearest known one is "
        "\"negative\"");
}

// The parser and the published schema are written by hand, both; this keeps them in step.
TEST_CASE("the parser and the published schema refuse the same policies", "[policy]") {
  CHECK(schema_accepts(minimal()));
  CHECK(refusal(minimal().dump()).empty());
  const auto [pointer, value] = GENERATE(table<std::string, std::string>({
      {"", "[]"},
      {"/schema", "\"souvenir/policy/2\""},
      {"/schema", "1"},
      {"/extra", "1"},
      {"/limits", "{}"},
      {"/limits/0", "1"},
      {"/limits/0", R"({"finding": "a"})"},
      {"/limits/0", R"({"at_most": 1})"},
      {"/limits/0", R"({"finding": "a", "not_worse_than_baseline": false})"},
      {"/limits/0/extra", "1"},
      {"/limits/0/finding", "\"\""},
      {"/limits/0/finding", "1"},
      {"/limits/0/at_most", "\"0.01\""},
      {"/limits/0/at_most", "null"},
      {"/limits/0/max_count", "-1"},
      {"/limits/0/max_count", "0.5"},
      {"/limits/0/max_count", "1e300"},
      {"/limits/0/min_n", "\"300\""},
      {"/limits/0/min_n", "-300"},
      {"/limits/0/not_worse_than_baseline", "1"},
      {"/limits/0/require_controls", "\"negative\""},
      {"/limits/0/require_controls", "[\"none\"]"},
      {"/limits/0/require_controls", "[1]"},
      {"/limits/0/owner", "1"},
      {"/limits/0/reason", "[]"},
      {"/limits/0/date", "20260101"},
      {"/waivers", "{}"},
      {"/waivers/0", R"({"finding": "a"})"},
      {"/waivers/0", R"({"expires": "2027-01-31"})"},
      {"/waivers/0/expires", "\"31 January\""},
      {"/waivers/0/expires", "20270131"},
      {"/waivers/0/finding", "\"\""},
      {"/waivers/0/extra", "1"},
      {"/waivers/0/owner", "1"},
      {"/waivers/0/reason", "1"},
      {"/$schema", "1"},
  }));
  CAPTURE(pointer, value);
  json policy = minimal();
  policy[json::json_pointer(pointer)] = json::parse(value);
  CHECK_FALSE(schema_accepts(policy));
  // Messages name the place, and never quote what stood there.
  const std::string message = refusal(policy.dump());
  CHECK_FALSE(message.empty());
  CHECK_THAT(message, Contains(pointer.substr(0, pointer.rfind('/'))));
}

TEST_CASE("the parser and the published schema accept the same policies", "[policy]") {
  const auto [pointer, value] = GENERATE(table<std::string, std::string>({
      {"/$schema", "\"policy.schema.json\""},
      {"/limits", "[]"},
      {"/waivers", "[]"},
      {"/limits/0/at_most", "-1.5"},
      {"/limits/0/at_most", "0"},
      {"/limits/0", R"({"finding": "*", "max_count": 0})"},
      {"/limits/0", R"({"finding": "*", "not_worse_than_baseline": true})"},
      {"/limits/0/not_worse_than_baseline", "false"},
      {"/limits/0/require_controls", "[]"},
      {"/limits/0/require_controls", R"(["blind", "reference"])"},
      {"/limits/0/date", "\"\""},
      {"/comment", "\"for people\""},
      {"/limits/0/comment", "\"for people\""},
  }));
  CAPTURE(pointer, value);
  json policy = minimal();
  policy[json::json_pointer(pointer)] = json::parse(value);
  CHECK(schema_accepts(policy));
  CHECK(refusal(policy.dump()).empty());
}

TEST_CASE("every key of the schema is one the parser knows, and no other", "[policy]") {
  const json schema = json::parse(config("policy.schema.json")).at("properties");
  const auto known = [](const std::string& list, const std::string& key) {
    json policy = minimal();
    policy[json::json_pointer(list + "/" + key + "~0")] = 1;
    return refusal(policy.dump()).find("nearest known key is \"" + key + "\"") != std::string::npos;
  };
  for (const auto& [key, value] : schema.items()) CHECK(known("", key));
  for (const auto& [key, value] : schema["limits"]["items"]["properties"].items()) {
    CHECK(known("/limits/0", key));
  }
  for (const auto& [key, value] : schema["waivers"]["items"]["properties"].items()) {
    CHECK(known("/waivers/0", key));
  }
}

TEST_CASE("what is no JSON, or says a thing twice, is refused", "[policy]") {
  CHECK_THAT(refusal("{"), Contains("not valid JSON"));
  CHECK_THAT(refusal(""), Contains("not valid JSON"));
  CHECK_THAT(refusal(R"({"schema": "souvenir/policy/1", "limits": [], "limits": []})"),
             Contains("twice"));
  CHECK(refusal(R"({"limits": []})") == "policy: /schema: is required");
  CHECK(refusal(R"({"schema": "souvenir/policy/1"})") == "policy: /limits: is required");
}

TEST_CASE("a day that is not in the calendar is no expiry", "[policy]") {
  CHECK(is_date("2028-02-29"));
  CHECK(is_date("2000-02-29"));
  CHECK(is_date("2026-12-31"));
  const std::string bad =
      GENERATE("2027-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-01-00",
               "2026-1-1", "2026/01/01", "20260101", "2026-01-011", "", "yyyy-mm-dd");
  CAPTURE(bad);
  CHECK_FALSE(is_date(bad));
  json policy = minimal();
  policy["waivers"][0]["expires"] = bad;
  CHECK_THAT(refusal(policy.dump()), Contains("/waivers/0/expires"));
}

TEST_CASE("a star stands for any run of characters", "[policy]") {
  const auto [pattern, id, fits] = GENERATE(table<std::string, std::string, bool>({
      {"*", "a/b/all", true},
      {"a/b/*", "a/b/all", true},
      {"a/b/*", "a/b/kind=email", true},
      {"a/*", "a/b/all", true},
      {"a/*/all", "a/b/all", true},
      {"a/*/all", "a/b[n=100,p=0.5]/all", true},
      {"*/all", "a/b/all", true},
      {"*b*", "a/b/all", true},
      {"a/b/all", "a/b/all", true},
      {"a/b/all*", "a/b/all", true},
      {"a**l", "a/b/all", true},
      {"*l*l", "a/b/all", true},
      {"a/b/*", "a/bb/all", false},
      {"a/b", "a/b/all", false},
      {"a/b/all", "a/b/al", false},
      {"b*", "a/b/all", false},
      {"*x", "a/b/all", false},
      {"*l*l*l", "a/b/all", false},
      {"", "a/b/all", false},
      {"", "", true},
      {"*", "", true},
  }));
  CAPTURE(pattern, id);
  CHECK(pattern_matches(pattern, id) == fits);
}

TEST_CASE("a pattern of many stars is matched in reasonable time", "[policy]") {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "*a";
  CHECK_FALSE(pattern_matches(pattern + "b", std::string(4000, 'a')));
  CHECK(pattern_matches(pattern, std::string(4000, 'a')));
}

TEST_CASE("limits that no audit of their size could pass are remarked on beforehand", "[policy]") {
  Limit limit = gate_fixture::at_most(0.01, "discoverable_extraction/verbatim_rate/*");
  limit.owner = "A. Example";
  limit.reason = "agreed";
  const auto remarks = [&] { return validate_policy({.limits = {limit}, .waivers = {}}); };
  REQUIRE(remarks().size() == 1);
  CHECK(remarks()[0].code == "needs_n");
  CHECK(remarks()[0].count == 299.0);
  limit.min_n = 298;
  REQUIRE(remarks().size() == 1);
  CHECK(remarks()[0].code == "min_n_too_small");
  CHECK(remarks()[0].text ==
        "discoverable_extraction/verbatim_rate/*: at_most 0.01 needs at least 299 persons (or "
        "strings) even with no hit; min_n asks for 298 only");
  limit.min_n = 299;
  CHECK(remarks().empty());
  limit.at_most = 0.0;
  CHECK(has(remarks(), "limit_never_passes"));
  limit.finding = "canary_exposure/exposure_max/*";  // bits, not a rate
  CHECK(remarks().empty());
}

TEST_CASE("limits and waivers nobody answers for are remarked on", "[policy]") {
  const Policy policy = parse_policy(minimal().dump());
  CHECK(has(validate_policy(policy), "limit_without_owner"));
  CHECK(has(validate_policy(policy), "waiver_without_owner"));
  CHECK(has(validate_policy({}), "no_limits"));
}

TEST_CASE("the least n of a limit is what its number or its min_n asks for", "[policy]") {
  Limit limit = gate_fixture::at_most(0.01, "discoverable_extraction/verbatim_rate/*");
  CHECK(least_n(limit) == 299);
  limit.min_n = 500;
  CHECK(least_n(limit) == 500);
  limit.min_n = 10;
  CHECK(least_n(limit) == 299);
  limit.at_most = 0.0;
  CHECK_FALSE(least_n(limit));
  limit.at_most.reset();
  limit.max_count = 0;
  CHECK(least_n(limit) == 10);
}

TEST_CASE("the starter policy is one, and nothing in it is worth a remark", "[policy]") {
  const std::string text = config("policy.starter.json");
  CHECK(schema_accepts(json::parse(text)));
  const Policy policy = parse_policy(text);
  CHECK_FALSE(policy.limits.empty());
  CHECK(validate_policy(policy).empty());
}
