#include "harness/backend/packed_weight.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

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

// Sets the number of threads, and puts back what it was.
class Threads {
 public:
  explicit Threads(int count) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_ = at::get_num_threads();
};

TEST_CASE("a row's product is the same to the bit, alone and among others, on any threads",
          "[packed]") {
  const c10::InferenceMode no_gradients;
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  const std::int64_t inputs = GENERATE(576, 1700);
  CAPTURE(dtype, inputs);
  const Weight w = make_weight(300, inputs, 152, true, dtype);
  const at::Tensor up = at::randn({152, inputs}).to(dtype);
  const PackedWeight packed(w.weight, w.bias);
  const auto pair = PackedWeight::pair(w.weight, w.bias, up, {}, Activation::silu);
  const auto all = [&](const at::Tensor& x) {
    return std::vector<at::Tensor>{packed.multiply(x), packed.multiply(x, Activation::gelu_tanh),
                                   packed.multiply(x, Activation::gelu_erf), pair.multiply(x)};
  };
  const Threads threads(1);
  const std::vector<at::Tensor> expected = all(w.x);
  at::set_num_threads(GENERATE(1, 2, 5));
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

TEST_CASE("rows and weights may lie in memory as they like", "[packed]") {
  const c10::InferenceMode no_gradients;
  const Weight w = make_weight(20, 50, 24, true, at::kFloat);
  const at::Tensor expected = PackedWeight(w.weight, w.bias).multiply(w.x);
  const at::Tensor wider = at::cat({at::ones({20, 3}), w.x, at::ones({20, 2})}, 1);
  const at::Tensor turned = w.weight.t().contiguous().t();
  REQUIRE_FALSE(turned.is_contiguous());
  CHECK(at::equal(PackedWeight(turned, w.bias).multiply(wider.narrow(1, 3, 50)), expected));
  const auto pair = PackedWeight::pair(w.weight, w.bias, w.weight, {}, Activation::silu);
  const auto other = PackedWeight::pair(turned, w.bias, turned, {}, Activation::silu);
  CHECK(at::equal(other.multiply(wider.narrow(1, 3, 50)), pair.multiply(w.x)));
}

TEST_CASE("products are ours where they should be", "[packed]") {
  const c10::InferenceMode no_gradients;
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16, at::kHalf);
  if (!has_own_kernel(dtype)) return;  // oneDNN's: linear_test.cpp
  CAPTURE(dtype);
  const Weight w = make_weight(40, 800, 24, true, dtype);
  const PackedWeight packed(w.weight, w.bias);
  const Linear linear(w.weight, w.bias);
  const at::Tensor other = at::randn({40, 24}).to(dtype);
  CHECK(at::equal(linear(w.x), packed.multiply(w.x).to(dtype)));
  CHECK(at::equal(linear.activated(w.x, Activation::gelu_tanh),
                  packed.multiply(w.x, Activation::gelu_tanh).to(dtype)));
  CHECK(at::equal(linear.times(w.x, other.clone()), packed.multiply(w.x).mul_(other).to(dtype)));
  const GatedLinear gated(w.weight, w.bias, other.t().matmul(w.x), {}, Activation::silu,
                          Packing::when_possible);
  const auto pair =
      PackedWeight::pair(w.weight, w.bias, other.t().matmul(w.x), {}, Activation::silu);
  CHECK(at::equal(gated(w.x), pair.multiply(w.x).to(dtype)));
}

TEST_CASE("a row that is not finite leaves the others alone", "[packed]") {
  const c10::InferenceMode no_gradients;
  const Weight w = make_weight(9, 30, 21, true, at::kFloat);
  const PackedWeight packed(w.weight, w.bias);
  const auto pair = PackedWeight::pair(w.weight.narrow(0, 0, 16), {}, w.weight.narrow(0, 5, 16), {},
                                       Activation::silu);
  const at::Tensor product = packed.multiply(w.x), paired = pair.multiply(w.x);
  const float bad =
      GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity());
  w.x[4][7] = bad;
  const auto check = [](const at::Tensor& found, const at::Tensor& before) {
    CHECK_FALSE(at::isfinite(found[4]).any().item<bool>());
    CHECK(at::equal(found.narrow(0, 0, 4), before.narrow(0, 0, 4)));
    CHECK(at::equal(found.narrow(0, 5, 4), before.narrow(0, 5, 4)));
  };
  check(packed.multiply(w.x), product);
  // A gate that infinity closes, or one that it opens for infinity of the other sign.
  CHECK(at::isfinite(pair.multiply(w.x)[4]).sum().item<std::int64_t>() == 0);
  CHECK(at::equal(pair.multiply(w.x).narrow(0, 5, 4), paired.narrow(0, 5, 4)));
}

TEST_CASE("many inputs are summed in pieces, whose rounding does not add up", "[packed]") {
  const c10::InferenceMode no_gradients;
  at::manual_seed(5);
  // All of one sign: in one go such sums lose some digits with every doubling of the inputs.
  const at::Tensor weight = at::rand({16, 1 << 15}), x = at::rand({6, 1 << 15});
  const at::Tensor exact = at::linear(wide(x), wide(weight));
  const at::Tensor found = PackedWeight(weight, {}).multiply(x);
  CHECK(((wide(found) - exact).abs() / exact).max().item<double>() < 2e-6);
}

TEST_CASE("no rows are no work, and rows that do not fit are refused", "[packed]") {
  const c10::InferenceMode no_gradients;
  const PackedWeight packed(at::randn({20, 6}), {});
  CHECK(packed.multiply(at::randn({0, 6})).sizes() == at::IntArrayRef({0, 20}));
  CHECK_THROWS_AS(packed.multiply(at::randn({3, 5})), c10::Error);
  CHECK_THROWS_AS(packed.multiply(at::randn({3, 7})), c10::Error);
  CHECK_THROWS_AS(PackedWeight(at::randn({20, 6}), at::randn({1})), c10::Error);
  const at::Tensor gate = at::randn({16, 6});
  CHECK_THROWS_AS(PackedWeight::pair(gate, {}, at::randn({24, 6}), {}, Activation::silu),
                  c10::Error);
  const auto pair = PackedWeight::pair(gate, {}, gate, {}, Activation::silu);
  CHECK_THROWS_AS(pair.multiply(at::randn({3, 6}), Activation::silu), c10::Error);
}

}  // namespace
}  // namespace souvenir
