#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/evidence/strict_json.h"

namespace souvenir {
namespace {

using nlohmann::json;

ErrorKind kind_of_failure(const json& value) {
  try {
    canonical_json(value);
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("expected an error");
  return ErrorKind::usage;
}

TEST_CASE("canonical JSON writes numbers as ECMAScript does", "[json]") {
  const auto [bits, expected] = GENERATE(table<std::uint64_t, std::string>({
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  }));
  CAPTURE(expected);
  CHECK(canonical_json(json(std::bit_cast<double>(bits))) == expected);
}

TEST_CASE("canonical JSON writes integers that doubles hold, and no others", "[json]") {
  CHECK(canonical_json(json(0)) == "0");
  CHECK(canonical_json(json(-42)) == "-42");
  CHECK(canonical_json(json(9007199254740991)) == "9007199254740991");
  CHECK(canonical_json(json(std::uint64_t{1} << 63)) == "9223372036854776000");
  CHECK(canonical_json(json(std::numeric_limits<std::int64_t>::min())) == "-9223372036854776000");
  CHECK(kind_of_failure(json(9007199254740993)) == ErrorKind::internal);
  CHECK(kind_of_failure(json(std::numeric_limits<std::uint64_t>::max())) == ErrorKind::internal);
  CHECK(kind_of_failure(json(std::numeric_limits<std::int64_t>::max())) == ErrorKind::internal);
}

TEST_CASE("canonical JSON refuses what JSON cannot say", "[json]") {
  CHECK(kind_of_failure(json(std::nan(""))) == ErrorKind::internal);
  CHECK(kind_of_failure(json(HUGE_VAL)) == ErrorKind::internal);
  CHECK(kind_of_failure(json::array({1, -HUGE_VAL})) == ErrorKind::internal);
  CHECK(kind_of_failure(json::binary({1, 2})) == ErrorKind::internal);
}

TEST_CASE("canonical JSON refuses strings and keys that are not UTF-8", "[json]") {
  const std::string text = GENERATE(as<std::string>(), "\xff", "a\xc3", "\xc0\x80", "\xe0\x9f\xbf",
                                    "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\x80");
  CHECK(kind_of_failure(json(text)) == ErrorKind::internal);
  CHECK(kind_of_failure(json{{text, 1}}) == ErrorKind::internal);
}

TEST_CASE("canonical JSON orders keys by UTF-16 code unit", "[json]") {
  const json value = {{"\u20ac", "Euro Sign"},
                      {"\r", "Carriage Return"},
                      {"\ufb33", "Hebrew Letter Dalet With Dagesh"},
                      {"1", "One"},
                      {"\U0001f600", "Emoji: Grinning Face"},
                      {"\u0080", "Control"},
                      {"\u00f6", "Latin Small Letter O With Diaeresis"}};
  CHECK(canonical_json(value) ==
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\","
        "\"\u00f6\":\"Latin Small Letter O With Diaeresis\",\"\u20ac\":\"Euro Sign\","
        "\"\U0001f600\":\"Emoji: Grinning Face\","
        "\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}");
  CHECK(canonical_json(json{{"aa", 1}, {"a", 2}, {"", 3}, {"b", 4}}) ==
        R"({"":3,"a":2,"aa":1,"b":4})");
  // Above U+FFFF comes before U+E000, but after U+D7FF.
  CHECK(canonical_json(json{{"\ue000", 1}, {"\U00010000", 2}, {"\ud7ff", 3}}) ==
        "{\"\ud7ff\":3,\"\U00010000\":2,\"\ue000\":1}");
}

TEST_CASE("canonical JSON escapes only what it must, and writes no white space", "[json]") {
  const json value = json::parse(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]})");
  CHECK(canonical_json(value) ==
        "{\"literals\":[null,true,false],"
        "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
        "\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  CHECK(canonical_json(json("\b\t\f\x7f\x1f")) == "\"\\b\\t\\f\x7f\\u001f\"");
  CHECK(canonical_json(json::object()) == "{}");
  CHECK(canonical_json(json::array()) == "[]");
}

TEST_CASE("strict parsing names where a document is broken, never what stands there", "[json]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {R"({"secret":1,"secret":2})", "a key stands twice"},
      {R"({"a":{"b":1},"c":{"b":1,"b":2}})", "a key stands twice"},
      {"{\"a\":\n\nsecret}", "not valid JSON at byte 8 (line 3)"},
      {"", "not valid JSON"},
      {R"({"a":1e999})", "too large"},
      {"{\"a\":\"\xff\"}", "not valid JSON"},
      {R"({"a":1} secret)", "not valid JSON"},
      {std::string(300, '['), "levels of nesting"},
      {R"({"a":NaN})", "not valid JSON"},
  }));
  CAPTURE(text);
  try {
    strict_json(text, "document", ErrorKind::input);
    FAIL("expected an error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::input);
    CHECK_THAT(error.what(), Catch::Contains(expected));
    CHECK_THAT(error.what(), Catch::StartsWith("document: ") && !Catch::Contains("secret"));
  }
}

TEST_CASE("strict parsing keeps to its caps", "[json]") {
  CHECK(strict_json("[[1]]", "d", ErrorKind::input, {.bytes = 5, .depth = 2}) ==
        json::array({json::array({1})}));
  CHECK_THROWS_AS(strict_json("[[1]]", "d", ErrorKind::input, {.bytes = 4, .depth = 2}), Error);
  CHECK_THROWS_AS(strict_json("[[1]]", "d", ErrorKind::input, {.bytes = 5, .depth = 1}), Error);
}

}  // namespace
}  // namespace souvenir
