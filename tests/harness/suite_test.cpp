#include "harness/suite.h"

#include <catch2/catch.hpp>

#include "harness/error.h"

using namespace souvenir;

TEST_CASE("every built-in suite can be read", "[suite]") {
  for (const std::string& name : builtin_suites()) {
    CAPTURE(name);
    const Suite suite = load_suite(name);
    CHECK(suite.name == name);
    CHECK(suite.sha256.size() == 64);
    CHECK(suite.probes.contains("discoverable_extraction"));
  }
}

TEST_CASE("a suite's digest is of its content, not of its layout", "[suite]") {
  const std::string a = R"({"schema":"souvenir/suite/1","name":"x","probes":{"p":{}}})";
  const std::string b =
      "{ \"probes\": {\"p\": {}}, \"name\": \"x\",\n"
      "\"schema\": \"souvenir/suite/1\"}";
  CHECK(parse_suite(a, "a").sha256 == parse_suite(b, "b").sha256);
}

TEST_CASE("a wrong suite is refused by JSON pointer", "[suite]") {
  const auto [text, named] = GENERATE(table<std::string, std::string>({
      {R"({"schema":"souvenir/suite/9","name":"x","probes":{"p":{}}})", "/schema"},
      {R"({"schema":"souvenir/suite/1","probes":{"p":{}}})", "/name"},
      {R"({"schema":"souvenir/suite/1","name":"x"})", "/probes"},
      {R"({"schema":"souvenir/suite/1","name":"x","probes":{}})", "/probes"},
      {R"({"schema":"souvenir/suite/1","name":"x","probes":{"p":{}},"sede":1})",
       "/sede: unknown key; the nearest known key is \"seed\""},
      {R"({"schema":"souvenir/suite/1","name":"x","probes":{"p":{}},"seed":-1})", "/seed"},
      {R"({"schema":"souvenir/suite/1","name":"x","probes":{"p":{}},"windows":{"prefix":3}})",
       "/windows/prefix"},
      {R"({"schema":"souvenir/suite/1","name":"x","probes":{"p":{}},"bos":"perhaps"})",
       "expected auto, always or never"},
      {"{", "not valid JSON"},
  }));
  CAPTURE(text);
  try {
    parse_suite(text, "suite");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find(named) != std::string::npos);
  }
}
