#include "harness/backend/experts.h"

#include <set>

#include "tests/support/tiny_decoder.h"

namespace souvenir {
namespace {

TEST_CASE("experts are given few different numbers of rows, and few that nobody asked for",
          "[experts]") {
  std::set<std::int64_t> numbers;
  for (std::int64_t rows = 1; rows <= 4096; ++rows) {
    const std::int64_t filled = rows_of_an_expert(rows);
    CHECK(filled >= rows);
    CHECK(filled - rows <= rows / 8);
    CHECK(rows_of_an_expert(filled) == filled);
    numbers.insert(filled);
  }
  CHECK(numbers.size() == 15 + 8 * 8 + 1);  // all to 15, eight from each power of two, 4096
}

Experts random_experts(Packing packing) {
  DecoderSpec spec;
  spec.hidden = 32;
  spec.activation = Activation::silu;
  spec.experts.count = 6;
  spec.experts.chosen = 2;
  spec.experts.intermediate = 48;
  spec.experts.normalised = true;
  at::manual_seed(7);
  const auto random = [](std::int64_t rows, std::int64_t columns) {
    return at::randn({rows, columns}, at::kFloat) * 0.3;
  };
  DecoderLayerWeights weights;
  weights.router_weight = random(6, 32);
  weights.expert_gate_up_weight = random(2 * 6 * 48, 32);
  weights.expert_down_weight = random(6 * 32, 48);
  return Experts(spec, weights, packing);
}

double largest(const at::Tensor& difference) { return difference.abs().max().item<double>(); }

TEST_CASE("a row's experts answer alike whatever rows are filled up beside it", "[experts]") {
  const c10::InferenceMode no_gradients;
  const Experts fast = random_experts(GENERATE(Packing::when_possible, Packing::one_dnn));
  const Experts slow = random_experts(Packing::never);
  const at::Tensor x = at::randn({131, 32}, at::kFloat);
  const at::Tensor all = fast(x);
  CHECK(largest(all) > 0.5);
  CHECK(largest(all - slow(x)) < 1e-5);
  for (const std::int64_t rows : {1, 2, 17, 60, 100})
    CHECK(largest(fast(x.narrow(0, 0, rows)) - all.narrow(0, 0, rows)) < 1e-5);
}

}  // namespace
}  // namespace souvenir
