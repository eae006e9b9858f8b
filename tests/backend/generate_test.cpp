#include "harness/backend/generate.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "harness/backend/decoding_rule.h"
#include "harness/backend/sampling.h"
#include "harness/error.h"
#include "metrics/rng.h"
#include "tests/support/tiny_decoder.h"

namespace souvenir {
namespace {

using test::tiny_ids;
using test::tiny_model;

DecoderSpec any_spec() {
  const int which = GENERATE(0, 1, 2);
  return which == 0 ? test::tiny_spec() : which == 1 ? test::plain_spec() : test::windowed_spec();
}

std::vector<GenerateRequest> prompts(std::size_t count) {
  std::vector<GenerateRequest> requests;
  for (std::size_t i = 0; i < count; ++i)
    requests.push_back({tiny_ids(1 + i * 11 % 47, i + 5), 1000 + i});
  return requests;
}

// The next token by a whole pass over everything so far, without a cache.
TokenId recomputed(const LanguageModel& model, const std::vector<TokenId>& so_far,
                   const GenerateOptions& options, std::uint64_t stream, std::int64_t sample,
                   std::size_t step) {
  const std::vector<ScoreRequest> request = {{so_far, {0}}};
  if (!options.rule) return model.score(request, {})[0].observation->argmax[0];
  // The row of logits, from the most likely tokens: the tests' vocabulary is small enough.
  const auto top = model.score(request, {.top = 64})[0];
  std::vector<float> row(64, -1e30F);
  for (std::size_t i = 0; i < 64; ++i)
    row[static_cast<std::size_t>(top.observation->top_ids[0][i])] =
        top.observation->top_logits[0][i];
  Rng random(options.seed, "generate",
             {stream, static_cast<std::uint64_t>(sample), static_cast<std::uint64_t>(step)});
  return sample_token(row, *options.rule, random.uniform01());
}

TEST_CASE("generation with a cache is generation by whole passes", "[generate]") {
  DecoderSpec spec = any_spec();
  spec.vocabulary = 64;
  const int mode = GENERATE(0, 1, 2);
  GenerateOptions options{.max_new_tokens = 12, .samples = 2, .seed = 9};
  if (mode == 1) options.rule = DecodingRule{.temperature = 1.2};
  if (mode == 2) options.rule = DecodingRule{.temperature = 0.8, .top_k = 20, .top_p = 0.9};
  for (const at::Device device : test::visible_devices()) {
    CAPTURE(mode, device.str(), spec.learned_positions, spec.layers[0].window.value_or(0));
    const auto model = tiny_model(spec, {.device = device});
    std::vector<GenerateRequest> requests;
    for (std::size_t i = 0; i < 5; ++i)
      requests.push_back({tiny_ids(1 + i * 13, i + 5, 64), 1000 + i});
    const auto results = model->generate(requests, options);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      for (std::size_t s = 0; s < 2; ++s) {
        CAPTURE(i, s);
        const Generation& found = results[i].samples[s];
        REQUIRE(found.ids.size() == 12);
        CHECK(found.stop == StopReason::length);
        std::vector<TokenId> so_far = requests[i].prefix_ids;
        for (std::size_t step = 0; step < 12; ++step) {
          const TokenId expected = recomputed(*model, so_far, options, requests[i].stream,
                                              static_cast<std::int64_t>(s), step);
          REQUIRE(found.ids[step] == expected);
          so_far.push_back(expected);
        }
      }
    }
  }
}

std::vector<std::vector<TokenId>> ids_of(const std::vector<GenerateResult>& results) {
  std::vector<std::vector<TokenId>> ids;
  for (const GenerateResult& result : results) {
    REQUIRE(result.refusal.empty());
    for (const Generation& sample : result.samples) ids.push_back(sample.ids);
  }
  return ids;
}

TEST_CASE("continuations do not depend on batch, order or threads", "[generate]") {
  const DecoderSpec spec = any_spec();
  GenerateOptions options{.max_new_tokens = 10, .samples = 3, .seed = 4};
  if (GENERATE(false, true)) options.rule = DecodingRule{.temperature = 1.5, .top_p = 0.95};
  const auto model = tiny_model(spec);
  auto requests = prompts(9);
  const auto together = ids_of(model->generate(requests, options));
  std::vector<std::vector<TokenId>> alone;
  for (const GenerateRequest& request : requests)
    for (auto& ids : ids_of(model->generate({&request, 1}, options))) alone.push_back(ids);
  CHECK(together == alone);
  CHECK(together == ids_of(tiny_model(spec, {.threads = 1})->generate(requests, options)));
  std::reverse(requests.begin(), requests.end());
  auto backwards = model->generate(requests, options);
  std::reverse(backwards.begin(), backwards.end());
  CHECK(together == ids_of(backwards));
}

TEST_CASE("more rows than a group holds are continued alike", "[generate]") {
  const auto model = tiny_model(test::tiny_spec());
  const std::vector<GenerateRequest> requests = {{tiny_ids(5, 1), 7}, {tiny_ids(9, 2), 8}};
  GenerateOptions options{.max_new_tokens = 3, .samples = 90, .rule = DecodingRule(), .seed = 1};
  const auto many = model->generate(requests, options);
  options.samples = 5;
  const auto few = model->generate(requests, options);
  for (std::size_t i = 0; i < 2; ++i) {
    REQUIRE(many[i].samples.size() == 90);
    for (std::size_t s = 0; s < 5; ++s) CHECK(many[i].samples[s].ids == few[i].samples[s].ids);
    std::set<std::vector<TokenId>> different;
    for (const Generation& sample : many[i].samples) different.insert(sample.ids);
    CHECK(different.size() > 60);
  }
}

TEST_CASE("groups that the cache's memory cuts are continued alike", "[generate]") {
  const c10::InferenceMode no_gradients;
  const DecoderSpec spec = any_spec();
  DecoderWeights weights = test::tiny_weights(spec, at::kFloat);
  const Transformer transformer(spec, weights, {}, {});
  const Head head(weights.head_weight, weights.head_bias);
  const auto requests = prompts(7);
  const GenerateOptions options{.max_new_tokens = 6};
  const std::int64_t slot = KeyValueCache::slot_bytes(spec, 1, at::kCPU, at::kFloat);
  std::vector<std::vector<std::vector<TokenId>>> found;
  for (const std::int64_t bytes : {std::int64_t{1}, 2 * slot, 1000 * slot}) {
    std::vector<GenerateResult> results(requests.size());
    continue_prompts(transformer, head, requests, options, bytes, results);
    found.push_back(ids_of(results));
  }
  CHECK(found[0] == found[2]);
  CHECK(found[1] == found[2]);
}

TEST_CASE("seed and stream name the draw, and nothing else does", "[generate]") {
  const auto model = tiny_model(test::tiny_spec());
  const auto draw = [&](std::uint64_t seed, std::uint64_t stream) {
    const std::vector<GenerateRequest> request = {{{1, 2, 3}, stream}};
    const GenerateOptions options{
        .max_new_tokens = 12, .rule = DecodingRule{.temperature = 2}, .seed = seed};
    return model->generate(request, options)[0].samples[0].ids;
  };
  CHECK(draw(1, 1) == draw(1, 1));
  CHECK(draw(1, 1) != draw(2, 1));
  CHECK(draw(1, 1) != draw(1, 2));
}

TEST_CASE("generation stops at any end-of-sequence token and leaves it out", "[generate]") {
  DecoderSpec spec = test::tiny_spec();
  const auto free = tiny_model(spec)->generate(prompts(6), {.max_new_tokens = 20});
  // Whatever the second and the fifth row say at some step becomes an end.
  spec.eos_ids = {free[1].samples[0].ids[4], free[4].samples[0].ids[0]};
  const auto stopped = tiny_model(spec)->generate(prompts(6), {.max_new_tokens = 20});
  for (std::size_t i = 0; i < 6; ++i) {
    const std::vector<TokenId>& ids = free[i].samples[0].ids;
    const auto end = std::find_if(ids.begin(), ids.end(), [&](TokenId id) {
      return id == spec.eos_ids[0] || id == spec.eos_ids[1];
    });
    CHECK(stopped[i].samples[0].ids == std::vector<TokenId>(ids.begin(), end));
    CHECK((stopped[i].samples[0].stop == StopReason::eos) == (end != ids.end()));
  }
  CHECK(stopped[4].samples[0].ids.empty());
}

TEST_CASE("prompts that cannot be continued are refused by name, and the others continued",
          "[generate]") {
  const auto model = tiny_model(test::tiny_spec());
  const std::vector<GenerateRequest> requests = {
      {{1, 2}, 0}, {{}, 0}, {{9001}, 0}, {tiny_ids(151, 1), 0}, {tiny_ids(150, 1), 0}};
  const auto results = model->generate(requests, {.max_new_tokens = 10});
  CHECK(results[0].samples.size() == 1);
  CHECK_THAT(results[1].refusal, Catch::Contains("prefix_ids"));
  CHECK_THAT(results[2].refusal, Catch::Contains("9001"));
  CHECK_THAT(results[3].refusal, Catch::Contains("161") && Catch::Contains("160"));
  CHECK(results[4].samples[0].ids.size() == 10);
  CHECK_THROWS_AS(model->generate(requests, {.max_new_tokens = -1}), Error);
  CHECK_THROWS_AS(model->generate(requests, {.samples = 0}), Error);
  const auto none = model->generate(requests, {.max_new_tokens = 0, .samples = 2});
  REQUIRE(none[0].samples.size() == 2);
  CHECK(none[0].samples[0].ids.empty());
}

TEST_CASE("a continuation across the length at which a rope changes is refused", "[generate]") {
  DecoderSpec spec = test::tiny_spec();
  spec.ropes[0].beyond = spec.ropes[0].inverse_frequencies;
  for (float& frequency : spec.ropes[0].beyond) frequency *= 0.5F;
  spec.ropes[0].beyond_tokens = 20;
  const auto model = tiny_model(spec);
  // The last token chosen is never looked at again: 10 after 11 need 20 positions.
  const std::vector<GenerateRequest> requests = {
      {tiny_ids(11, 1), 0}, {tiny_ids(12, 1), 0}, {tiny_ids(20, 1), 0}, {tiny_ids(21, 1), 0}};
  const auto results = model->generate(requests, {.max_new_tokens = 10});
  CHECK(results[0].refusal.empty());
  CHECK_THAT(results[1].refusal, Catch::Contains("across 20 tokens"));
  CHECK_THAT(results[2].refusal, Catch::Contains("across 20 tokens"));
  REQUIRE(results[3].refusal.empty());
  std::vector<TokenId> so_far = requests[3].prefix_ids;
  for (const TokenId id : results[3].samples[0].ids) {
    CHECK(id == recomputed(*model, so_far, {}, 0, 0, 0));
    so_far.push_back(id);
  }
}

TEST_CASE("tokens are drawn as often as the rule says", "[generate]") {
  // Each row: 20,000 draws; a share may miss its probability by five standard errors, which
  // happens by chance in fewer than one run in 10,000 over all tokens here. The seed is fixed.
  const std::vector<float> row = {2, 1, 0.5F, 0, -1, 2};
  for (const DecodingRule& rule :
       {DecodingRule{}, DecodingRule{.temperature = 0.5}, DecodingRule{.top_k = 3},
        DecodingRule{.temperature = 2, .top_k = 4, .top_p = 0.7}, DecodingRule{.top_p = 0.3}}) {
    CAPTURE(rule.temperature, rule.top_k, rule.top_p);
    const KeptTokens kept = kept_tokens(std::span<const float>(row), rule);
    std::vector<int> counts(row.size());
    for (std::uint64_t i = 0; i < 20000; ++i)
      ++counts[static_cast<std::size_t>(sample_token(row, rule, Rng(1, "test", {i}).uniform01()))];
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double p =
          std::exp(rule_log_prob(kept, rule, static_cast<double>(row[i]), static_cast<TokenId>(i)));
      CHECK(std::abs(counts[i] / 20000.0 - p) <= 5 * std::sqrt(p * (1 - p) / 20000.0));
    }
  }
}

TEST_CASE("a token without mass is never drawn", "[generate]") {
  const std::vector<float> row = {-2000, 0, -2000, 1, -2000};
  CHECK(sample_token(row, {}, 0.0) == 1);
  CHECK(sample_token(row, {}, std::nextafter(1.0, 0.0)) == 3);
}

TEST_CASE("a draw from a long row is the same from its head as from all of it", "[generate]") {
  std::vector<float> row(5000);
  Rng random(3, "row");
  for (float& x : row) x = static_cast<float>(12 * random.uniform01());
  for (const DecodingRule& rule : {DecodingRule{.top_k = 40}, DecodingRule{.top_k = 500},
                                   DecodingRule{.temperature = 0.2, .top_p = 0.8}}) {
    const KeptTokens kept = kept_tokens(std::span<const float>(row), rule);
    for (const double uniform : {0.0, 0.1, 0.5, 0.9, 0.999999}) {
      double reached = 0;
      TokenId expected = -1;
      for (std::size_t i = 0; i < row.size() && expected < 0; ++i) {
        const auto id = static_cast<TokenId>(i);
        reached += std::exp(rule_log_prob(kept, rule, static_cast<double>(row[i]), id));
        if (reached > uniform) expected = id;
      }
      CHECK(sample_token(row, rule, uniform) == expected);
    }
  }
}

}  // namespace
}  // namespace souvenir
