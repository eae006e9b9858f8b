#include "harness/backend/config.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

using Catch::Contains;
using test::Failure;
using test::failure_of;

ModelConfig config_of(const std::string& text) { return parse_model_config(text, "config.json"); }

TEST_CASE("a config gives its fields, and fallbacks for the absent", "[config]") {
  const ModelConfig config = config_of(
      R"({"n":64,"eps":1e-5,"base":10000,"on":true,"act":"silu","nothing":null,"list":["a","b"],
          "map":{"x":"y"},"eos":[1,2],"bos":3,"inner":{"n":7}})");
  CHECK(config.integer("n", 1, 100, 5) == 64);
  CHECK(config.integer("absent", 1, 100, 5) == 5);
  CHECK(config.number("eps", 0, 1, 0.5) == 1e-5);
  CHECK(config.number("base", 0, 1e6, 0.5) == 10000.0);
  CHECK(config.flag("on", false));
  CHECK(config.text("act", "gelu") == "silu");
  CHECK_FALSE(config.has("nothing"));
  CHECK(config.is_null("nothing"));
  CHECK_FALSE(config.is_null("absent"));
  CHECK_FALSE(config.maybe_integer("nothing", 0, 1));
  CHECK_FALSE(config.maybe_object("absent"));
  CHECK(config.maybe_texts("list") == std::vector<std::string>{"a", "b"});
  CHECK(config.maybe_text_map("map")->at("x") == "y");
  CHECK(config.ids("eos") == std::vector<std::int64_t>{1, 2});
  CHECK(config.ids("bos") == std::vector<std::int64_t>{3});
  CHECK(config.ids("nothing").empty());
  CHECK(config.maybe_object("inner")->with(config_of(R"({"m":9})")).integer("n", 0, 9, 0) == 7);
  CHECK(config.maybe_object("inner")->with(config_of(R"({"n":9})")).integer("n", 0, 9, 0) == 9);
}

TEST_CASE("a field of the wrong type or range is refused by name", "[config]") {
  const ModelConfig config = config_of(
      R"({"text":"64","float":64.0,"big":101,"huge":18446744073709551615,"minus":-1,"null":null,
          "mixed":["a",1],"ids":[1.5],"inner":{"x":"y"}})");
  using Read = std::function<void(const ModelConfig&)>;
  const auto integer = [](const char* key) {
    return [key](const ModelConfig& c) { c.integer(key, 0, 100, 0); };
  };
  const auto [read, message] = GENERATE_COPY(table<Read, std::string>({
      {integer("text"), R"("text": expected an integer from 0 to 100, found "64")"},
      {integer("float"), "found 64.0"},
      {integer("big"), "found 101"},
      {integer("huge"), "found 18446744073709551615"},
      {integer("minus"), "found -1"},
      {integer("null"), "found null"},
      {integer("inner"), "found an object"},
      {[](const ModelConfig& c) { c.number("text", 0, 1, 0); }, "expected a number"},
      {[](const ModelConfig& c) { c.number("big", 0, 1, 0); }, "expected a number from 0.0 to 1.0"},
      {[](const ModelConfig& c) { c.flag("text", true); }, "expected true or false"},
      {[](const ModelConfig& c) { c.text("big", ""); }, "expected a string"},
      {[](const ModelConfig& c) { c.maybe_texts("big"); }, "expected a list of strings"},
      {[](const ModelConfig& c) { c.maybe_texts("mixed"); }, "expected a list of strings"},
      {[](const ModelConfig& c) { c.maybe_object("text"); }, "expected an object"},
      {[](const ModelConfig& c) { c.ids("ids"); }, "expected a token id"},
      {[](const ModelConfig& c) { c.maybe_object("inner")->flag("x", true); },
       R"("inner": "x": expected true or false)"},
  }));
  CAPTURE(message);
  const Failure failure = failure_of([&] { read(config); });
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
  CHECK(failure.message.starts_with("config.json: "));
}

TEST_CASE("JSON that can be read in two ways is not read", "[config]") {
  const auto text = GENERATE(as<std::string>(), "", "{", "[]", "7", "{}}", R"({"a":1,"a":2})",
                             R"({"a":{"b":1,"b":1}})", "{\"a\":\"\xff\"}", R"({"a":1e999})",
                             R"({"a":NaN})", std::string("{}\0", 3));
  CAPTURE(text);
  const Failure failure = failure_of([&] { config_of(text); });
  CHECK(failure.kind == ErrorKind::input);
  CHECK(failure.message.starts_with("config.json: "));
  CHECK(failure.message.find('\n') == std::string::npos);
}

TEST_CASE("JSON nested deeper than 64 is refused", "[config]") {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  CHECK_NOTHROW(config_of(nested(60)));
  CHECK_THAT(failure_of([&] { config_of(nested(70)); }).message, Contains("64"));
  CHECK_THAT(failure_of([&] { config_of(nested(1'000'000)); }).message, Contains("64"));
}

}  // namespace
}  // namespace souvenir
