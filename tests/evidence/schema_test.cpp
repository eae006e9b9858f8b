#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/evidence/json.h"
#include "tests/support/published_schema.h"
#include "tests/support/sample_audit.h"

namespace souvenir {
namespace {

using nlohmann::json;

bool valid(const json& document) {
  const std::vector<std::string> faults = tests::schema_faults("evidence.schema.json", document);
  for (const std::string& fault : faults) UNSCOPED_INFO(fault);
  return faults.empty();
}

TEST_CASE("evidence follows its published schema", "[schema]") {
  const std::string text = canonical_json(to_json(tests::sample_evidence()));
  // For whoever wants to check it with another validator.
  std::ofstream(SOUVENIR_BINARY_DIR "/sample_evidence.json") << text;
  CHECK(valid(json::parse(text)));
}

json full_document() {
  Evidence e = tests::sample_audit();
  e.findings[0].curve = {{0, 0}, {0.01, 0.5}, {1, 1}};
  return to_json(e);
}

TEST_CASE("context, demonstration and curve are in the schema", "[schema]") {
  const json good = full_document();
  CHECK(valid(good));
  const auto [pointer, value] = GENERATE(table<std::string, json>({
      {"/context/release_context", json("public")},
      {"/context/sha256", json(nullptr)},
      {"/context/valid_until", json("May")},
      {"/context/mitigations/0/stage", json("prayer")},
      {"/demo/rows/0/holds", json("yes")},
      {"/demo/rows/0/claim", json("")},
      {"/findings/0/curve", json::array({0.5})},
      {"/findings/0/curve", json(std::vector<std::vector<double>>(65, {0, 0}))},
      {"/findings/0/curve/1", json::array({0.5, 1.5})},
  }));
  CAPTURE(pointer);
  json bad = good;
  bad.at(json::json_pointer(pointer)) = value;
  CHECK_FALSE(valid(bad));
}

TEST_CASE("the schema takes what it does not know", "[schema]") {
  json document = to_json(tests::sample_evidence());
  document["tomorrow"] = 1;
  document["findings"][0]["tomorrow"] = {{"x", 1}};
  document["findings"][0]["estimate"]["tomorrow"] = "x";
  document["findings"][0]["caveats"] = {"plain"};
  CHECK(valid(document));
}

TEST_CASE("the schema refuses evidence that is broken", "[schema]") {
  const json good = to_json(tests::sample_evidence());
  const auto [pointer, value] = GENERATE(table<std::string, json>({
      {"/schema", json("souvenir/evidence/2")},
      {"/findings/0/outcome", json("pass")},
      {"/findings/0/estimate/value", json(nullptr)},
      {"/findings/0/estimate/value", json("NaN")},
      {"/findings/0/estimate/reason", json("")},
      {"/findings/0/estimate/n", json(-1)},
      {"/findings/0/estimate/level", json(1.0)},
      {"/findings/0/estimate/p_value", json(1.5)},
      {"/findings/0/estimate/unit", json("score")},
      {"/findings/0/estimate/sides", json(2)},
      {"/findings/0/controls/0/role", json("placebo")},
      {"/findings/0/controls/0/difference", json(0.5)},
      {"/findings/0/arm", json("agent")},
      {"/findings/0/id", json("not an id")},
      {"/findings/1/stratum", json{{"a", 1}, {"b", 2}}},
      {"/findings/6/estimate/count", json(1)},
      {"/findings/6/minimum_detectable", json(0.5)},
      {"/object/model/sha256", json("abc")},
      {"/object/model/files/0/name", json("/home/x/config.json")},
      {"/criteria/0/id", json("AN-1")},
      {"/coverage/requests", json(-1)},
      {"/protocol/seed", json("-1")},
      {"/gate", json("pass")},
  }));
  CAPTURE(pointer, value);
  json bad = good;
  bad.at(json::json_pointer(pointer)) = value;
  CHECK_FALSE(valid(bad));
}

TEST_CASE("the schema demands every field of the contract", "[schema]") {
  const json good = to_json(tests::sample_evidence());
  const std::string pointer =
      GENERATE(as<std::string>(), "/tool", "/run", "/object", "/protocol", "/findings", "/criteria",
               "/criteria_version", "/coverage", "/gate", "/object/adapter", "/object/reference",
               "/object/tokenizer/bos", "/protocol/near_tie_delta", "/protocol/inputs/0/key_id",
               "/findings/0/id", "/findings/0/stratum", "/findings/0/estimate/log10_value",
               "/findings/0/estimate/p_adjusted", "/findings/0/minimum_detectable",
               "/findings/0/controls/0/rule", "/coverage/left_out");
  CAPTURE(pointer);
  const json::json_pointer at(pointer);
  json bad = good;
  bad.at(at.parent_pointer()).erase(at.back());
  CHECK_FALSE(valid(bad));
}

}  // namespace
}  // namespace souvenir
