// Strings read in stages beside the same strings read whole and cut.

#include "harness/backend/score_stages.h"

#include "tests/support/tiny_decoder.h"

namespace souvenir {
namespace {

using test::tiny_ids;
using test::tiny_model;

constexpr double kNever = -1e9;

// Strings of many lengths: alone, behind one prefix, without any, copies, and some read whole.
std::vector<ScoreRequest> strings() {
  std::vector<ScoreRequest> all = test::tiny_requests(20);
  const std::vector<TokenId> prefix = tiny_ids(11, 77);
  for (std::size_t i = 0; i < 6; ++i) all.push_back({prefix, tiny_ids(5 + 9 * i, 50 + i)});
  all.push_back(all[22]);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].may_stop = i % 5 != 3;
  return all;
}

// The slow twin.
std::vector<ScoreResult> cut_afterwards(const LanguageModel& model,
                                        const std::vector<ScoreRequest>& requests,
                                        ScoreOptions options) {
  const EarlyStop stop = *options.early_stop;
  options.early_stop.reset();
  std::vector<ScoreResult> results = model.score(requests, options);
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (requests[i].may_stop) cut_at_stop(*results[i].observation, stop);
  return results;
}

void check_same(const std::vector<ScoreResult>& found, const std::vector<ScoreResult>& expected,
                double within) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    REQUIRE(found[i].observation);
    const ScoreObservation &a = *found[i].observation, &b = *expected[i].observation;
    REQUIRE(a.log_probs.size() == b.log_probs.size());
    CHECK(a.gaps.size() == b.gaps.size());
    CHECK(a.top_ids.size() == b.top_ids.size());
    for (std::size_t t = 0; t < a.log_probs.size(); ++t) {
      CHECK(a.log_probs[t] == Approx(b.log_probs[t]).margin(within));
      CHECK(a.rule_log_probs[0][t] == Approx(b.rule_log_probs[0][t]).margin(within));
    }
  }
}

DecoderSpec any_spec() {
  switch (GENERATE(0, 1, 2)) {
    case 0:
      return test::tiny_spec();
    case 1:
      return test::plain_spec();
    default:
      return test::windowed_spec();
  }
}

ScoreOptions stopping_below(double log_p) {
  return {.rules = {{.temperature = 0.7}}, .top = 2, .early_stop = EarlyStop{log_p, 1e-3}};
}

TEST_CASE("strings read in stages have the numbers of whole ones, as far as they are read",
          "[stages]") {
  const DecoderSpec spec = any_spec();
  const double log_p = GENERATE(-20.0, -150.0, kNever);
  CAPTURE(static_cast<int>(spec.block), log_p);
  for (const at::Device device : test::visible_devices()) {
    const auto model = tiny_model(spec, {.device = device});
    const ScoreOptions options = stopping_below(log_p);
    check_same(model->score(strings(), options), cut_afterwards(*model, strings(), options), 1e-5);
  }
}

TEST_CASE("most strings of a model that knows none are left early", "[stages]") {
  const auto model = tiny_model(test::tiny_spec());
  const auto requests = strings();
  const auto results = model->score(requests, stopping_below(-20.0));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::size_t scored = requests[i].scored().size();
    CHECK(results[i].observation->log_probs.size() ==
          (requests[i].may_stop ? std::min(scored, kFirstStage) : scored));
  }
}

TEST_CASE("what is read on stays within the memory for it", "[stages]") {
  const DecoderSpec spec = test::tiny_spec();
  DecoderWeights weights = test::tiny_weights(spec);
  const Transformer transformer(spec, weights, {});
  const Head head(weights.head_weight, {});
  const auto requests = strings();
  const ScoreOptions options = stopping_below(-150.0);
  const c10::InferenceMode no_gradients;
  const std::int64_t row = KeyValueCache::row_bytes(spec, at::kFloat);
  const auto together = score_stages(transformer, head, requests, options, HeadPath::automatic,
                                     KeyValueCache::room_beside(0));
  for (const std::int64_t rows : {0, 90, 200})
    check_same(score_stages(transformer, head, requests, options, HeadPath::automatic, rows * row),
               together, 1e-5);
}

TEST_CASE("in 16 bits stages keep what whole strings compute with", "[stages]") {
  const auto model = tiny_model(any_spec(), {.dtype = at::kBFloat16});
  const ScoreOptions options = stopping_below(kNever);
  check_same(model->score(strings(), options), cut_afterwards(*model, strings(), options), 0.1);
}

TEST_CASE("a model read layer by layer leaves strings where one in memory does", "[stages]") {
  const DecoderSpec spec = test::tiny_spec();
  DecoderWeights weights = test::tiny_weights(spec);
  weights.layers.clear();
  ModelInfo info = test::tiny_info(spec, 2);
  info.layers_read.pass_tokens = 4096;
  const auto streamed =
      make_decoder_model(spec, std::move(weights), std::move(info), {},
                         [&](std::size_t index) { return test::tiny_weights(spec).layers[index]; });
  const auto options = stopping_below(-150.0);
  check_same(streamed->score(strings(), options), tiny_model(spec)->score(strings(), options),
             1e-5);
}

TEST_CASE("a string that is refused does not stop the others", "[stages]") {
  const auto model = tiny_model(test::tiny_spec());
  std::vector<ScoreRequest> requests = strings();
  requests[2] = {{1, 2}, {9001}, true};
  const auto results = model->score(requests, stopping_below(-20.0));
  CHECK_THAT(results[2].refusal, Catch::Contains("outside the vocabulary"));
  CHECK(results[1].observation);
  CHECK(results[3].observation);
}

TEST_CASE("beyond a length where the rotation changes, strings are read whole and cut",
          "[stages]") {
  DecoderSpec spec = test::tiny_spec();
  spec.ropes[0].beyond = {0.9F, 0.2F, 0.05F, 0.01F};
  spec.ropes[0].beyond_tokens = 24;
  const auto model = tiny_model(spec);
  const ScoreOptions options = stopping_below(-20.0);
  check_same(model->score(strings(), options), cut_afterwards(*model, strings(), options), 1e-5);
}

}  // namespace
}  // namespace souvenir
