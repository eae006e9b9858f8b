#include "harness/backend/linear.h"

#include "harness/backend/activation.h"
#include "tests/support/aten_catch.h"

namespace souvenir {
namespace {

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor wide = b.to(at::kDouble);
  return ((a.to(at::kDouble) - wide).abs().max() / wide.abs().max()).item<double>();
}

struct Case {
  Linear packed, plain;
  at::Tensor x, other;
};

// With oneDNN's layout where there is one: the kernel of ours has its own tests.
Case make_case(std::int64_t rows, std::int64_t in, std::int64_t out, bool biased,
               at::ScalarType dtype) {
  const at::Tensor weight = at::randn({out, in}).to(dtype);
  const at::Tensor bias = biased ? at::randn({out}).to(dtype) : at::Tensor();
  return {{weight.clone(), bias, Packing::one_dnn},
          {weight, bias, Packing::never},
          at::randn({rows, in}).to(dtype),
          at::randn({rows, out}).to(dtype)};
}

TEST_CASE("packed weights give what ATen gives, with whatever follows", "[linear]") {
  const c10::InferenceMode no_gradients;
  at::manual_seed(1);
  const auto [rows, in, out] = GENERATE(table<std::int64_t, std::int64_t, std::int64_t>(
      {{1, 7, 5}, {2, 36, 64}, {33, 36, 100}, {257, 64, 130}}));
  const bool biased = GENERATE(false, true);
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  if (!can_pack(dtype)) {
    WARN(dtype << " is not packed here: not compared");  // with itself
    return;
  }
  CAPTURE(rows, in, out, biased, dtype);
  const double tolerance = dtype == at::kFloat ? 1e-5 : 0.02;
  const Case c = make_case(rows, in, out, biased, dtype);
  CHECK_FALSE(c.plain.packed());
  CHECK(c.packed.packed());
  CHECK(relative_difference(c.packed(c.x), c.plain(c.x)) < tolerance);
  for (const Activation activation :
       {Activation::gelu_erf, Activation::gelu_tanh, Activation::silu, Activation::relu}) {
    CAPTURE(static_cast<int>(activation));
    CHECK(relative_difference(c.packed.activated(c.x, activation),
                              c.plain.activated(c.x, activation)) < tolerance);
  }
  CHECK(relative_difference(c.packed.times(c.x, c.other.clone()),
                            c.plain.times(c.x, c.other.clone())) < tolerance);
}

TEST_CASE("a 16-bit product is that of its numbers, rounded", "[linear]") {
  const c10::InferenceMode no_gradients;
  at::manual_seed(3);
  const at::ScalarType dtype = GENERATE(at::kBFloat16, at::kHalf);
  const std::int64_t rows = GENERATE(1, 3, 65);
  const Packing packing = GENERATE(Packing::never, Packing::one_dnn, Packing::when_possible);
  CAPTURE(dtype, rows, packing);
  const std::int64_t inputs = GENERATE(130, 16000);
  const at::Tensor weight = at::randn({70, inputs}).to(dtype), bias = at::randn({70}).to(dtype);
  const at::Tensor x = at::randn({rows, inputs}).to(dtype), other = at::randn({rows, 70}).to(dtype);
  const at::Tensor exact = at::linear(x.to(at::kDouble), weight.to(at::kDouble),
                                      std::optional<at::Tensor>(bias.to(at::kDouble)));
  const Linear linear(weight.clone(), bias.clone(), packing);
  CHECK(linear.widened() == (packing == Packing::when_possible && has_own_kernel(dtype)));
  // In halves of a unit in the last place: what is rounded once has one, and where ATen computes
  // what follows by itself, two; and the sum's own rounding.
  const auto off = [&](const at::Tensor& found, const at::Tensor& expected) {
    CHECK(found.scalar_type() == dtype);
    const double half_a_unit = dtype == at::kBFloat16 ? 0x1.0p-8 : 0x1.0p-11;
    const at::Tensor allowed =
        expected.abs().mul(half_a_unit).add(1e-6 * static_cast<double>(inputs));
    return ((found.to(at::kDouble) - expected).abs() / allowed).max().item<double>();
  };
  const double most = linear.widened() ? 1.0 : 3.0;
  CHECK(off(linear(x), exact) < 1.0);
  CHECK(off(linear.activated(x, Activation::silu), at::silu(exact)) < most);
  CHECK(off(linear.activated(x, Activation::gelu_tanh), at::gelu(exact, "tanh")) < most);
  CHECK(off(linear.times(x, other.clone()), exact.mul(other.to(at::kDouble))) < most);
}

TEST_CASE("an activation is that of ATen", "[linear]") {
  const c10::InferenceMode no_gradients;
  const Activation activation =
      GENERATE(Activation::gelu_tanh, Activation::gelu_erf, Activation::silu);
  CAPTURE(static_cast<int>(activation));
  const at::Tensor x = at::randn({70, 1001}).mul_(4);
  const at::Tensor expected = apply_activation(x.clone(), activation, RowPath::aten);
  CHECK(relative_difference(apply_activation(x.clone(), activation), expected) < 1e-6);
  const at::Tensor columns = x.clone().narrow(1, 3, 500);  // not contiguous
  CHECK(relative_difference(apply_activation(columns, activation), expected.narrow(1, 3, 500)) <
        1e-6);
}

TEST_CASE("float32 weights are packed with this libtorch", "[linear]") {
  // Not a must: without it everything works, but slower. It should show.
  if (!can_pack(at::kFloat)) WARN("oneDNN's operators are not there");
  SUCCEED();
}

TEST_CASE("a row's product does not depend on the rows beside it", "[linear]") {
  const c10::InferenceMode no_gradients;
  at::manual_seed(2);
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  const Case c = make_case(130, 1536, 70, true, dtype);
  const at::Tensor all = c.packed(c.x);
  const at::Tensor scaled = c.packed.times(c.x, c.other);
  const at::Tensor row = c.x.narrow(0, 3, 1), other = c.other.narrow(0, 3, 1);
  const auto twice = [](const at::Tensor& t) { return at::cat({t, t}); };
  CHECK(at::equal(c.packed(row), c.packed(twice(row)).narrow(0, 1, 1)));
  CHECK(at::equal(c.packed.times(row, other),
                  c.packed.times(twice(row), twice(other)).narrow(0, 1, 1)));
  for (const std::int64_t rows : {1, 2, 7, 64}) {
    CAPTURE(dtype, rows);
    const double tolerance = dtype == at::kFloat ? 2e-6 : 0.01;
    CHECK(relative_difference(c.packed(c.x.narrow(0, 3, rows)), all.narrow(0, 3, rows)) <
          tolerance);
    CHECK(relative_difference(c.packed.times(c.x.narrow(0, 3, rows), c.other.narrow(0, 3, rows)),
                              scaled.narrow(0, 3, rows)) < tolerance);
  }
}

}  // namespace
}  // namespace souvenir
