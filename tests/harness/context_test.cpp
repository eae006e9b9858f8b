#include "harness/context.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/config.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "tests/support/published_schema.h"

namespace souvenir {
namespace {

using nlohmann::json;

std::string config(const std::string& name) {
  return read_file(std::string(SOUVENIR_SOURCE_DIR) + "/configs/" + name, 1U << 20U);
}

bool schema_accepts(const json& context) {
  return tests::fits_schema("context.schema.json", context);
}

TEST_CASE("the starter context is read, and its comments are not kept", "[context]") {
  const std::string text = config("context.starter.json");
  CHECK(schema_accepts(json::parse(text)));
  const AuditContext context = parse_context(text, "context");
  CHECK(context.release_context == "internal");
  REQUIRE(context.mitigations.size() == 1);
  CHECK(context.mitigations[0].stage == "data");
  CHECK(context.mitigations[0].finding.empty());
  CHECK(context.sha256 == hex(sha256(text)));
}

TEST_CASE("the schema and the reader refuse the same contexts", "[context]") {
  const auto [pointer, value] = GENERATE(table<std::string, json>({
      {"/schema", "souvenir/context/2"},
      {"/system", ""},
      {"/system", 5},
      {"/controller", nullptr},
      {"/release_context", "public"},
      {"/intended_use", std::string(20001, 'x')},
      {"/mitigations", "none"},
      {"/mitigations/0/stage", "prayer"},
      {"/mitigations/0/description", ""},
      {"/mitigations/0/descriptions", "x"},
      {"/filters/0", ""},
      {"/filters/0", 1},
      {"/filters", json(std::vector<std::string>(201, "x"))},
      {"/valid_until", "May 2027"},
      {"/systems", "x"},
      {"/comment", 1},
  }));
  CAPTURE(pointer);
  json context = json::parse(config("context.starter.json"));
  context[json::json_pointer(pointer)] = value;
  CHECK_FALSE(schema_accepts(context));
  CHECK_THROWS_AS(parse_context(context.dump(), "context"), Error);
}

TEST_CASE("a wrong context is named by pointer, and never quoted", "[context]") {
  json context = json::parse(config("context.starter.json"));
  context["release_context"] = "a private word";
  try {
    parse_context(context.dump(), "context mine.json");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::input);
    CHECK_THAT(error.what(), Catch::Contains("context mine.json: /release_context: expected one of "
                                             "open_weights, api, internal, other") &&
                                 !Catch::Contains("private"));
  }
}

}  // namespace
}  // namespace souvenir
