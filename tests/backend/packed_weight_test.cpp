#include "harness/backend/packed_weight.h"

#include "harness/backend/activation.h"
#include "harness/backend/gated_linear.h"
#include "tests/support/aten_catch.h"

namespace souvenir {
namespace {

double off(const at::Tensor& found, const at::Tensor& exact) {
  const at::Tensor distance = (found.to(at::kDouble) - exact).abs() / exact.abs().add(1.0);
  return distance.max().item<double>();
}

constexpr double kRounding = 1e-5;  // of sums about 1, and what follows them

at::Tensor wide(const at::Tensor& t) { return t.to(at::kDouble); }

struct Weight {
  at::Tensor weight, bias, x;

  at::Tensor exact() const {
    return at::linear(wide(x), wide(weight),
                      bias.defined() ? std::optional<at::Tensor>(wide(bias)) : std::nullopt);
  }
};

Weight make_weight(std::int64_t rows, std::int64_t inputs, std::int64_t outputs, bool biased,
                   at::ScalarType dtype) {
  at::manual_seed(11);
  return {at::randn({outputs, inputs}).div_(std::sqrt(static_cast<double>(inputs))).to(dtype),
          biased ? at::randn({outputs}).to(dtype) : at::Tensor(),
          at::randn({rows, inputs}).to(dtype)};
}

TEST_CASE("a packed weight multiplies as float64 does, whatever its shape and dtype", "[packed]") {
  const c10::InferenceMode no_gradients;
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16, at::kHalf);
  const std::int64_t rows = GENERATE(1, 5, 97, 400);
  // One piece of inputs, two, three; panels that are whole and not, of several blocks.
  const auto [inputs, outputs] = GENERATE(table<std::int64_t, std::int64_t>(
      {{1, 1}, {36, 5}, {64, 16}, {770, 130}, {1600, 70}, {40, 900}}));
  const bool biased = GENERATE(false, true);
  CAPTURE(dtype, rows, inputs, outputs, biased);
  const Weight w = make_weight(rows, inputs, outputs, biased, dtype);
  const PackedWeight packed(w.weight, w.bias);
  const at::Tensor exact = w.exact(), found = packed.multiply(w.x);
  CHECK(found.scalar_type() == at::kFloat);
  CHECK(found.sizes() == exact.sizes());
  CHECK(off(found, exact) < kRounding);
  for (const Activation activation :
       {Activation::gelu_erf, Activation::gelu_tanh, Activation::silu, Activation::relu}) {
    CAPTURE(static_cast<int>(activation));
    CHECK(off(packed.multiply(w.x, activation),
              apply_activation(exact.clone(), activation, RowPath::aten)) < kRounding);
  }
}

TEST_CASE("a pair of weights is a gated product", "[packed]") {
  const c10::InferenceMode no_gradients;
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  const Activation activation = GENERATE(Activation::silu, Activation::gelu_tanh);
  const auto [rows, inputs, outputs] = GENERATE(table<std::int64_t, std::int64_t, std::int64_t>(
      {{1, 40, 8}, {7, 40, 136}, {205, 1600, 104}, {130, 770, 400}}));
  const int biases = GENERATE(0, 1, 2, 3);  // gate's, up's
  CAPTURE(dtype, rows, inputs, outputs, biases);
  const Weight gate = make_weight(rows, inputs, outputs, (biases & 1) != 0, dtype);
  const Weight up = {at::randn({outputs, inputs}).div_(40).to(dtype),
                     (biases & 2) != 0 ? at::randn({outputs}).to(dtype) : at::Tensor(), gate.x};
  REQUIRE(PackedWeight::can_pair(outputs, activation));
  const auto pair = PackedWeight::pair(gate.weight, gate.bias, up.weight, up.bias, activation);
  const at::Tensor exact =
      apply_activation(gate.exact(), activation, RowPath::aten).mul(up.exact());
  CHECK(off(pair.multiply(gate.x), exact) < kRounding);
}

TEST_CASE("gated weights give the same on every path, paired or not", "[packed]") {
  const c10::InferenceMode no_gradients;
  const std::int64_t outputs = GENERATE(24, 37);  // of which only the first can be halves of panels
  const Activation activation = GENERATE(Activation::silu, Activation::gelu_erf, Activation::relu);
  CAPTURE(outputs, static_cast<int>(activation));
  const Weight gate = make_weight(9, 30, outputs, true, at::kFloat);
  const Weight up = {at::randn({outputs, 30}).div_(5), at::randn({outputs}), gate.x};
  const at::Tensor exact =
      apply_activation(gate.exact(), activation, RowPath::aten).mul(up.exact());
  for (const Packing packing : {Packing::when_possible, Packing::one_dnn, Packing::never}) {
    CAPTURE(packing);
    const GatedLinear gated(gate.weight, gate.bias, up.weight, up.bias, activation, packing);
    CHECK(off(gated(gate.x), exact) < kRounding);
  }
}

TEST_CASE("a row's product is the same to the bit, alone and among others, on any threads",
          "[packed]") {
  const c10::InferenceMode no_gradients;
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  const std::int64_t inputs = GENERATE(576, 1700);
  CAPTURE(dtype, inputs);
  const Weight w = make_weight(300, inputs, 152, true, dtype);
  const Weight up = make_weight(300, inputs, 152, true, dtype);
  const PackedWeight packed(w.weight, w.bias);
  const auto pair = PackedWeight::pair(w.weight, w.bias, up.weight, up.bias, Activation::silu);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto all = [&](const at::Tensor& x) {
    return std::vector<at::Tensor>{packed.multiply(x), packed.multiply(x, Activation::gelu_tanh),
                                   packed.multiply(x, Activation::gelu_erf), pair.multiply(x)};
  };
  const std::vector<at::Tensor> expected = all(w.x);
  at::set_num_threads(threads);
  for (const auto& [first, rows] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {0, 300}, {0, 1}, {17, 1}, {3, 2}, {90, 7}, {100, 96}, {5, 193}}) {
    CAPTURE(first, rows);
    const std::vector<at::Tensor> found = all(w.x.narrow(0, first, rows));
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(i);
      CHECK(at::equal(found[i], expected[i].narrow(0, first, rows)));
    }
  }
}

TEST_CASE("no rows are no work", "[packed]") {
  const c10::InferenceMode no_gradients;
  const PackedWeight packed(at::randn({20, 6}), {});
  CHECK(packed.multiply(at::randn({0, 6})).sizes() == at::IntArrayRef({0, 20}));
}

}  // namespace
}  // namespace souvenir
