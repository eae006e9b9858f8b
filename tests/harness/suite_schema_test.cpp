// The parser and the published schema must agree on what a suite is.

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "harness/config.h"
#include "harness/error.h"
#include "harness/suite.h"
#include "probes/registry.h"
#include "tests/support/published_schema.h"

using namespace souvenir;

namespace {

nlohmann::json read(const std::string& name) {
  return nlohmann::json::parse(
      read_file(std::string(SOUVENIR_SOURCE_DIR) + "/configs/" + name, 1U << 20U));
}

bool schema_accepts(const nlohmann::json& suite) {
  return tests::fits_schema("suite.schema.json", suite);
}

bool parser_accepts(const nlohmann::json& json) {
  try {
    const Suite suite = parse_suite(json.dump(), "suite");
    for (const auto& [name, parameters] : suite.probes.items()) {
      find_probe(name).resolve(parameters, "suite");
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

TEST_CASE("the built-in suites fit the published schema", "[suite]") {
  std::vector<std::string> names = builtin_suites();
  names.emplace_back("demo");  // not offered: `souvenir demo` writes it down
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(schema_accepts(read("suites/" + name + ".json")));
  }
}

// `souvenir init` puts comments into the suite it writes, so that every object must take one; the
// list of probes (minProperties) holds nothing but probes.
TEST_CASE("every object of the schema takes a comment", "[suite]") {
  int closed = 0;
  std::function<void(const nlohmann::json&)> walk = [&](const nlohmann::json& part) {
    if (part.is_object() && part.contains("additionalProperties") && part.contains("properties") &&
        part["additionalProperties"] == false && !part.contains("minProperties")) {
      CAPTURE(part["properties"].dump());
      CHECK(part["properties"].contains("comment"));
      ++closed;
    }
    for (const auto& child : part) {
      if (child.is_structured()) walk(child);
    }
  };
  walk(read("suite.schema.json"));
  CHECK(closed >= 4);
}

TEST_CASE("the schema and the parser refuse the same suites", "[suite]") {
  const auto [pointer, value] = GENERATE(table<std::string, nlohmann::json>({
      {"/schema", "souvenir/suite/2"},
      {"/seed", -1},
      {"/seed", 0.5},
      {"/bos", "perhaps"},
      {"/windows/stride", 0},
      {"/windows/strides", 5},
      {"/near_tie_delta", -1},
      {"/probes/nosuch", nlohmann::json::object()},
      {"/probes/personal_data/prompts", nlohmann::json::array()},
      {"/probes/personal_data/prompts/0/name", "A b"},
      {"/probes/personal_data/prompts/0/text", "who?"},
      {"/probes/personal_data/prompts/0/chat", 1},
      {"/probes/personal_data/prompts/0/colour", "red"},
      {"/probes/personal_data/kinds", nlohmann::json::array()},
      {"/probes/personal_data/window_tokens", 0},
      {"/probes/personal_data/samples", -1},
      {"/probes/personal_data/sampling", {{"temperature", 0}}},
      {"/probes/personal_data/max_cue", 1.5},
      {"/probes/personal_data/min_twins", 0},
      {"/probes/discoverable_extraction/queries", nlohmann::json::array()},
      {"/probes/discoverable_extraction/queries/0", 0},
      {"/probes/discoverable_extraction/probabilities/0", 1},
      {"/probes/discoverable_extraction/l/0", 1.5},
      {"/probes/discoverable_extraction/decoding/0/temperature", 0},
      {"/probes/discoverable_extraction/decoding/0/top_p", 1.5},
      {"/probes/discoverable_extraction/decoding/0/topk", 1},
      {"/probes/discoverable_extraction/min_n", 0},
      {"/probes/discoverable_extraction/max_control_rate", 2},
      {"/probes/canary_exposure/sampled", 49},
      {"/probes/canary_exposure/least_fit", 1.5},
      {"/probes/membership/fpr", nlohmann::json::array()},
      {"/probes/membership/fpr/0", 0.6},
      {"/probes/membership/blind_folds", 1},
      {"/probes/one_run_audit/score", "gut"},
      {"/probes/one_run_audit/guess_share", 0},
      {"/extra", 1},
  }));
  CAPTURE(pointer);
  nlohmann::json suite = read("suites/quick.json");
  REQUIRE(schema_accepts(suite));
  REQUIRE(parser_accepts(suite));
  suite[nlohmann::json::json_pointer(pointer)] = value;
  CHECK_FALSE(schema_accepts(suite));
  CHECK_FALSE(parser_accepts(suite));
}
