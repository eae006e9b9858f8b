#include "harness/backend/decoder_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "harness/backend/linear.h"
#include "harness/error.h"
#include "tests/support/tiny_decoder.h"

namespace souvenir {
namespace {

using test::tiny_ids;
using test::tiny_model;

DecoderSpec any_spec() {
  const int which = GENERATE(0, 1, 2);
  return which == 0 ? test::tiny_spec() : which == 1 ? test::plain_spec() : test::windowed_spec();
}

const std::vector<double>& log_probs(const ScoreResult& result) {
  REQUIRE(result.refusal.empty());
  return result.observation->log_probs;
}

double largest_difference(const std::vector<ScoreResult>& a, const std::vector<ScoreResult>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto &x = log_probs(a[i]), &y = log_probs(b[i]);
    REQUIRE(x.size() == y.size());
    for (std::size_t t = 0; t < x.size(); ++t) largest = std::max(largest, std::abs(x[t] - y[t]));
  }
  return largest;
}

// To the bit where products are ours: oneDNN's differ in last bits with the number of rows.
double allowed(const at::Device& device, at::ScalarType dtype = at::kFloat) {
  return device.is_cpu() && has_own_kernel(dtype) ? 0.0 : dtype == at::kFloat ? 1e-5 : 0.05;
}

TEST_CASE("a request's scores do not depend on what else is in the batch", "[decoder]") {
  const DecoderSpec spec = any_spec();
  for (const at::Device device : test::visible_devices()) {
    CAPTURE(spec.layers[0].window.value_or(0), spec.learned_positions, device.str());
    const auto model = tiny_model(spec, {.device = device});
    auto requests = test::tiny_requests(23);
    const auto together = model->score(requests, {});
    std::vector<ScoreResult> alone;
    for (const ScoreRequest& request : requests)
      alone.push_back(model->score({&request, 1}, {}).front());
    CHECK(largest_difference(together, alone) <= allowed(device));
    std::reverse(requests.begin(), requests.end());
    auto backwards = model->score(requests, {});
    std::reverse(backwards.begin(), backwards.end());
    CHECK(largest_difference(together, backwards) <= allowed(device));
  }
}

TEST_CASE("a batch that is filled up scores as its requests alone, in a short context too",
          "[decoder]") {
  DecoderSpec spec = any_spec();
  spec.context_tokens = 20;  // fewer than the rows that fill a batch up
  const auto model = tiny_model(spec);
  std::vector<ScoreRequest> requests;
  for (std::size_t i = 0; i < 71; ++i)
    requests.push_back({tiny_ids(1 + i % 5, i + 1), tiny_ids(8 + i % 7, i + 1000)});
  const auto together = model->score(requests, {});
  std::vector<ScoreResult> alone;
  std::size_t rows = 0;
  for (const ScoreRequest& request : requests) {
    alone.push_back(model->score({&request, 1}, {}).front());
    CHECK(log_probs(alone.back()).size() == request.ids.size());
    rows += request.ids.size();
  }
  REQUIRE(rows > 512);
  REQUIRE(rows % 64 != 0);
  CHECK(largest_difference(together, alone) <= allowed(at::kCPU));
}

TEST_CASE("scores do not depend on the number of threads, and repeat to the bit", "[decoder]") {
  const DecoderSpec spec = any_spec();
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  const auto requests = test::tiny_requests(17);
  const auto two = tiny_model(spec, {.dtype = dtype, .threads = 2});
  const auto first = two->score(requests, {}), again = two->score(requests, {});
  CHECK(largest_difference(first, again) == 0);
  const auto one = tiny_model(spec, {.dtype = dtype, .threads = 1});
  CHECK(one->info().threads == 1);
  CHECK(largest_difference(first, one->score(requests, {})) <= allowed(at::kCPU, dtype));
  CHECK(largest_difference(first, two->score(requests, {})) == 0);  // two threads again
}

TEST_CASE("every fast path agrees with its twin in plain ATen", "[decoder]") {
  const DecoderSpec spec = any_spec();
  const auto requests = test::tiny_requests(11);
  const auto fast = tiny_model(spec)->score(requests, {});
  for (const DecoderPaths& paths :
       {DecoderPaths{.packing = Packing::never}, DecoderPaths{.attention = AttentionPath::aten},
        DecoderPaths{.rows = RowPath::aten}, DecoderPaths{.head = HeadPath::whole_rows},
        DecoderPaths{Packing::never, AttentionPath::aten, RowPath::aten, HeadPath::whole_rows}}) {
    const auto plain = tiny_model(spec, {.paths = paths})->score(requests, {});
    CHECK(largest_difference(fast, plain) < 2e-5);
  }
}

TEST_CASE("16-bit weights are scored near float32, with float32 logits", "[decoder]") {
  const DecoderSpec spec = any_spec();
  const at::ScalarType dtype = GENERATE(at::kBFloat16, at::kHalf);
  // The same weights in both: what is left is the arithmetic.
  DecoderWeights narrow = test::tiny_weights(spec, dtype), wide;
  wide.token_embedding = narrow.token_embedding.to(at::kFloat);
  if (spec.learned_positions) wide.position_embedding = narrow.position_embedding.to(at::kFloat);
  wide.final_norm_weight = narrow.final_norm_weight;
  wide.final_norm_bias = narrow.final_norm_bias;
  wide.head_weight = spec.tied_head ? wide.token_embedding : narrow.head_weight.to(at::kFloat);
  for (DecoderLayerWeights layer : narrow.layers) {
    for (at::Tensor* t :
         {&layer.qkv_weight, &layer.qkv_bias, &layer.output_weight, &layer.output_bias,
          &layer.gate_up_weight, &layer.gate_up_bias, &layer.down_weight, &layer.down_bias})
      if (t->defined()) *t = t->to(at::kFloat);
    wide.layers.push_back(layer);
  }
  const auto requests = test::tiny_requests(19);
  const ModelInfo info = test::tiny_info(spec, 2);
  const auto found = make_decoder_model(spec, std::move(narrow), info)->score(requests, {.top = 8});
  const auto exact = make_decoder_model(spec, std::move(wide), info)->score(requests, {});
  double sum = 0, count = 0;
  bool fine = false;
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (std::size_t t = 0; t < log_probs(found[i]).size(); ++t) {
      sum += std::abs(log_probs(found[i])[t] - log_probs(exact[i])[t]);
      ++count;
      for (const float x : found[i].observation->top_logits[t])
        fine = fine || at::scalar_tensor(x).to(at::kBFloat16).item<float>() != x;
    }
  }
  CAPTURE(dtype, count);
  CHECK(sum / count < 0.02);
  CHECK(fine);  // logits that bfloat16 cannot hold
}

TEST_CASE("the log-probability of a token depends on what is before it only", "[decoder]") {
  const DecoderSpec spec = any_spec();
  const auto model = tiny_model(spec);
  const std::vector<TokenId> prefix = tiny_ids(20, 1), ids = tiny_ids(30, 2);
  const auto base = model->score(std::vector<ScoreRequest>{{prefix, ids}}, {});
  auto changed = ids;
  changed[15] = (changed[15] + 1) % 9001;
  const auto other = model->score(std::vector<ScoreRequest>{{prefix, changed}}, {});
  for (std::size_t t = 0; t < 30; ++t) {
    const double difference = std::abs(log_probs(base[0])[t] - log_probs(other[0])[t]);
    if (t < 15) {
      CHECK(difference < 1e-5);
    } else {
      CHECK(difference > 1e-6);
    }
  }
  // The same tokens, cut elsewhere.
  auto joined = prefix;
  joined.insert(joined.end(), ids.begin(), ids.end());
  const auto whole = model->score(std::vector<ScoreRequest>{{{}, joined}}, {});
  REQUIRE(log_probs(whole[0]).size() == 49);
  for (std::size_t t = 0; t < 30; ++t)
    CHECK(std::abs(log_probs(whole[0])[t + 19] - log_probs(base[0])[t]) < 1e-5);
}

TEST_CASE("tokens beyond the window of every layer do not matter", "[decoder]") {
  DecoderSpec spec = test::windowed_spec();
  for (DecoderLayerSpec& layer : spec.layers) layer.window = 5;
  const auto model = tiny_model(spec);
  const std::vector<TokenId> ids = tiny_ids(6, 3), near = tiny_ids(12, 4);
  auto far = near;
  far[0] = (far[0] + 1) % 9001;  // two layers of five look back nine tokens from the last prefix
  const auto a = model->score(std::vector<ScoreRequest>{{near, ids}, {far, ids}}, {});
  CHECK(std::abs(log_probs(a[0])[0] - log_probs(a[1])[0]) < 1e-6);
  far = near;
  far[7] = (far[7] + 1) % 9001;
  const auto b = model->score(std::vector<ScoreRequest>{{near, ids}, {far, ids}}, {});
  CHECK(std::abs(log_probs(b[0])[0] - log_probs(b[1])[0]) > 1e-6);
}

TEST_CASE("requests that cannot be answered are refused by name, and the others answered",
          "[decoder]") {
  const auto model = tiny_model(test::tiny_spec());
  const std::vector<TokenId> ids = tiny_ids(10, 1);
  const std::vector<ScoreRequest> requests = {{ids, ids},
                                              {tiny_ids(100, 1), tiny_ids(61, 2)},  // 161 tokens
                                              {tiny_ids(100, 1), tiny_ids(60, 2)},  // 160: fits
                                              {ids, {1, 9001}},
                                              {{-1}, ids},
                                              {ids, {}},
                                              {{}, {}},
                                              {{}, {5}},
                                              {{}, {5, 6}}};
  const auto results = model->score(requests, {});
  const std::vector<std::string> expected = {
      "", "160", "", "9001", "-1", "ids", "ids", "nothing to score", ""};
  for (std::size_t i = 0; i < results.size(); ++i) {
    CAPTURE(i, results[i].refusal);
    CHECK(results[i].observation.has_value() == expected[i].empty());
    CHECK(results[i].refusal.empty() == expected[i].empty());
    CHECK_THAT(results[i].refusal, Catch::Contains(expected[i]));
  }
  CHECK_THAT(results[1].refusal, Catch::Contains("161"));
  const auto alone = model->score({requests.data(), 1}, {});
  CHECK(largest_difference({results[0]}, alone) < 1e-5);
  CHECK(model->score({}, {}).empty());
}

TEST_CASE("weights that are NaN refuse the rows that meet them", "[decoder]") {
  const DecoderSpec spec = test::tiny_spec();
  DecoderWeights weights = test::tiny_weights(spec);
  weights.token_embedding[77].fill_(std::numeric_limits<float>::quiet_NaN());
  const auto model = make_decoder_model(spec, std::move(weights), test::tiny_info(spec, 2));
  const std::vector<ScoreRequest> requests = {
      {{1, 2, 3}, {4, 5}}, {{1, 77, 3}, {4, 5}}, {{1, 2, 3}, {4, 5}}};
  const auto results = model->score(requests, {});
  CHECK(results[0].observation);
  CHECK_FALSE(results[1].observation);
  CHECK_THAT(results[1].refusal, Catch::Contains("NaN"));
  CHECK(log_probs(results[2]) == log_probs(results[0]));
  const std::vector<GenerateRequest> prompts = {{{1, 2, 3}, 0}, {{1, 77, 3}, 0}};
  const auto continued = model->generate(prompts, {.max_new_tokens = 3, .samples = 2});
  CHECK(continued[0].samples.size() == 2);
  CHECK(continued[1].samples.empty());
  CHECK_THAT(continued[1].refusal, Catch::Contains("NaN"));
}

TEST_CASE("everything that is asked of a token is answered", "[decoder]") {
  const auto model = tiny_model(test::tiny_spec());
  const ScoreOptions options{
      .rules = {{.top_k = 40}, {.temperature = 0.5}}, .temperatures = {1.0, 2.0}, .top = 64};
  const auto result = model->score(std::vector<ScoreRequest>{{{1, 2}, {3, 4, 5}}}, options);
  const ScoreObservation& o = *result[0].observation;
  for (const std::size_t size :
       {o.log_probs.size(), o.ranks.size(), o.ties.size(), o.gaps.size(), o.argmax.size(),
        o.entropies.size(), o.mean_log_probs.size(), o.variance_log_probs.size(), o.top_ids.size(),
        o.top_logits.size(), o.rule_log_probs[1].size(), o.log_sum_exps[1].size()})
    CHECK(size == 3);
  CHECK(o.rule_log_probs.size() == 2);
  CHECK(o.log_sum_exps.size() == 2);
  CHECK(o.top_ids[0].size() == 64);
  CHECK(o.top_ids[0][0] == o.argmax[0]);
  CHECK(std::abs(o.mean_log_probs[0] + o.entropies[0]) < 1e-12);
  CHECK_THROWS_AS(model->score({}, {.top = 65}), Error);
  CHECK_THROWS_AS(model->score({}, {.temperatures = {0.0}}), Error);
  CHECK_THROWS_AS(model->score({}, {.rules = {{.top_p = 0.0}}}), Error);
}

TEST_CASE("weights that contradict the spec are refused by name", "[decoder]") {
  const DecoderSpec spec = test::tiny_spec();
  const auto attempt = [&](const auto& change) {
    DecoderWeights weights = test::tiny_weights(spec);
    change(weights);
    try {
      make_decoder_model(spec, std::move(weights), test::tiny_info(spec, 1));
      return std::string();
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::internal);
      return std::string(error.what());
    }
  };
  CHECK(attempt([](DecoderWeights&) {}).empty());
  CHECK_THAT(attempt([](DecoderWeights& w) { w.layers[1].down_weight.reset(); }),
             Catch::Contains("layer 1 down_weight is missing"));
  CHECK_THAT(attempt([](DecoderWeights& w) { w.head_weight = w.head_weight.narrow(0, 0, 9); }),
             Catch::Contains("[9001, 36]") && Catch::Contains("[9, 36]"));
  CHECK_THAT(attempt([](DecoderWeights& w) { w.layers.pop_back(); }), Catch::Contains("layers"));
  CHECK_THAT(attempt([](DecoderWeights& w) {
               w.layers[0].qkv_weight = w.layers[0].qkv_weight.to(at::kDouble);
             }),
             Catch::Contains("dtype"));
}

}  // namespace
}  // namespace souvenir
