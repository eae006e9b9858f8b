#include "harness/backend/rope.h"

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/aten_catch.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

using Catch::Contains;
using nlohmann::json;
using test::failure_of;

RopeNames names_for(const std::string& model_type) {
  return model_type == "gpt_neox" ? RopeNames{.theta_key = "rotary_emb_base",
                                              .theta = 10000.0,
                                              .partial_key = "rotary_pct",
                                              .partial = 0.25}
                                  : RopeNames{};
}

ModelConfig config_of(const json& value) { return {value, "config.json"}; }

TEST_CASE("inverse frequencies are those of the reference library", "[rope]") {
  const json golden = json::parse(test::read_bytes(test::fixture("rope.json")));
  REQUIRE(golden.size() >= 12);
  for (const json& each : golden) {
    CAPTURE(each.at("name"));
    const RopeParameters parameters =
        read_rope(config_of(each.at("config")), names_for(each.at("config").at("model_type")));
    const Rope rope =
        make_rope(parameters, each.at("head_dim"), each.at("max_position_embeddings"));
    const auto expected = each.at("inverse_frequencies").get<std::vector<float>>();
    REQUIRE(rope.inverse_frequencies.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      // Equal on the libtorch that made the numbers; another may round a power differently.
      CHECK(rope.inverse_frequencies[i] == Approx(expected[i]).epsilon(2e-7).margin(0));
    }
    CHECK(rope.attention_factor ==
          Approx(each.at("attention_factor").get<double>()).epsilon(1e-12));
    CHECK(rope.beyond_tokens == each.value("beyond_tokens", 0));
    const auto beyond = each.value("beyond", std::vector<float>{});
    REQUIRE(rope.beyond.size() == beyond.size());
    for (std::size_t i = 0; i < beyond.size(); ++i) {
      CHECK(rope.beyond[i] == Approx(beyond[i]).epsilon(2e-7).margin(0));
    }
  }
}

TEST_CASE("both forms of a config say the same rope", "[rope]") {
  const json scaling = {{"type", "linear"}, {"factor", 4.0}};
  const json parameters = {{"rope_type", "linear"}, {"factor", 4.0}, {"rope_theta", 500.0}};
  const json old_form = {{"rope_theta", 500.0}, {"rope_scaling", scaling}};
  const json new_form = {{"rope_parameters", parameters}};
  const json both = {{"rope_scaling", parameters}, {"rope_parameters", {{"rope_type", "default"}}}};
  for (const json& form : {old_form, new_form, both}) {
    const RopeParameters rope = read_rope(config_of(form), {});
    CHECK(rope.type == "linear");
    CHECK(rope.theta == 500.0);
    CHECK(rope.factor == 4.0);
  }
  const RopeParameters none = read_rope(config_of({{"rope_scaling", nullptr}}), {});
  CHECK(none.type == "default");
  CHECK(none.theta == 10000.0);
}

TEST_CASE("the original context defaults to the model's own", "[rope]") {
  const json yarn = {{"rope_type", "yarn"}, {"factor", 4.0}};
  const Rope by_default = make_rope(read_rope(config_of({{"rope_scaling", yarn}}), {}), 64, 2048);
  json explicit_form = yarn;
  explicit_form["original_max_position_embeddings"] = 2048;
  const Rope given =
      make_rope(read_rope(config_of({{"rope_scaling", explicit_form}}), {}), 64, 8192);
  CHECK(by_default.inverse_frequencies == given.inverse_frequencies);
  // A length outside the object wins over one inside, as in the reference library.
  const Rope outside = make_rope(read_rope(config_of({{"rope_scaling", explicit_form},
                                                      {"original_max_position_embeddings", 64}}),
                                           {}),
                                 64, 8192);
  CHECK(outside.inverse_frequencies != given.inverse_frequencies);
}

TEST_CASE("a rope that is not supported is refused by name", "[rope]") {
  const auto [config, message] = GENERATE(table<json, std::string>({
      {{{"rope_scaling", {{"type", "mrope"}}}},
       "\"mrope\" is not supported; supported: default, linear, llama3, yarn, dynamic, longrope"},
      {{{"rope_scaling", {{"rope_type", "dynamic"}}}}, "\"factor\": missing"},
      {{{"rope_parameters", {{"rope_type", "longrope"}}}}, "\"short_factor\": missing"},
      {{{"rope_parameters", {{"rope_type", "longrope"}, {"short_factor", {1.0}}}}},
       "\"long_factor\": missing"},
      {{{"rope_parameters", {{"full_attention", {{"rope_type", "default"}}}}}}, "per layer type"},
      {{{"rope_scaling", {{"rope_type", "linear"}}}}, "\"factor\": missing"},
      {{{"rope_scaling", {{"rope_type", "linear"}, {"factor", nullptr}}}}, "\"factor\": missing"},
      {{{"rope_scaling", {{"rope_type", "linear"}, {"factor", "2"}}}}, "\"factor\": expected"},
      {{{"rope_scaling", {{"rope_type", "linear"}, {"factor", 0}}}}, "\"factor\": expected"},
      {{{"rope_scaling", {{"rope_type", "yarn"}}}}, "\"factor\": missing"},
      {{{"rope_scaling", {{"rope_type", "llama3"}, {"factor", 8}, {"high_freq_factor", 4}}}},
       "\"low_freq_factor\": missing"},
      {{{"rope_scaling",
         {{"rope_type", "llama3"},
          {"factor", 8},
          {"low_freq_factor", 4},
          {"high_freq_factor", 4}}}},
       "more than low_freq_factor"},
      {{{"rope_scaling", "linear"}}, "expected an object"},
      {{{"rope_theta", 0}}, "\"rope_theta\""},
      {{{"rope_theta", nullptr}}, "\"rope_theta\""},
      {{{"partial_rotary_factor", 0.5}}, "rotates whole heads"},
  }));
  CAPTURE(config.dump());
  const auto failure = failure_of([&] { read_rope(config_of(config), {}); });
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
}

TEST_CASE("an odd number of rotated dimensions is rounded up where it fits", "[rope]") {
  RopeParameters rope;
  rope.partial = 0.25;
  CHECK(make_rope(rope, 12, 64).inverse_frequencies.size() == 2);
  CHECK(make_rope(rope, 3, 64).inverse_frequencies.empty());
  rope.partial = 1.0;
  CHECK_THAT(failure_of([&] { make_rope(rope, 7, 64); }).message, Contains("even number"));
}

}  // namespace
}  // namespace souvenir
