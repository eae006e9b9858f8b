// Every instruction set's products against plain float64 arithmetic.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "harness/backend/kernels/kernels.h"
#include "tests/support/random_floats.h"

namespace souvenir::kernels {
namespace {

// What a product should be, in float64: element (row, column) before anything follows.
struct Products {
  std::vector<float> x, panel, bias, before;
  std::int64_t rows, inputs, x_stride;

  Products(std::int64_t row_count, std::int64_t input_count)
      : x(test::random_floats(at(row_count * (input_count + 3)), 1)),
        panel(test::random_floats(at(input_count * kPanelColumns), 2,
                                  1 / std::sqrt(static_cast<float>(input_count)))),
        bias(test::random_floats(kPanelColumns, 3)),
        before(test::random_floats(at(row_count * kPanelColumns), 4)),
        rows(row_count),
        inputs(input_count),
        x_stride(input_count + 3) {}

  double sum(std::int64_t row, std::int64_t column, bool add) const {
    double total = add ? double{before[at(row * kPanelColumns + column)]} : 0.0;
    for (std::int64_t i = 0; i < inputs; ++i)
      total += double{x[at(row * x_stride + i)]} * double{panel[at(i * kPanelColumns + column)]};
    return total;
  }

  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
};

double silu(double x) { return x / (1 + std::exp(-x)); }

TEST_CASE("products are those of float64 arithmetic, with whatever follows", "[kernels]") {
  const std::int64_t rows = GENERATE(1, 2, 6, 11, 12, 29), inputs = GENERATE(1, 5, 200);
  const std::int64_t columns = GENERATE(16, 13, 8, 1);
  const bool add = GENERATE(false, true), last = GENERATE(true, false);
  const Then then = GENERATE(Then::nothing, Then::relu, Then::gate);
  const Products p(rows, inputs);
  for (const Table* table : available()) {
    CAPTURE(table->name, rows, inputs, columns, add, last, static_cast<int>(then));
    std::vector<float> out = p.before;
    table->multiply({p.x.data(),
                     p.x_stride,
                     p.panel.data(),
                     out.data(),
                     kPanelColumns,
                     out.data(),
                     kPanelColumns,
                     rows,
                     inputs,
                     columns,
                     add,
                     last,
                     p.bias.data(),
                     then,
                     {}});
    double worst = 0;
    bool rest_kept = true;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < kPanelColumns; ++c) {
        const std::size_t i = Products::at(r * kPanelColumns + c);
        if (c >= columns) {
          rest_kept = rest_kept && out[i] == p.before[i];
          continue;
        }
        double y = p.sum(r, c, add);
        if (last) {
          y += double{p.bias[Products::at(c)]};
          if (then == Then::relu) y = std::max(y, 0.0);
          if (then == Then::gate) y = silu(y);
        }
        worst = std::max(worst, std::abs(double{out[i]} - y));
      }
    }
    CHECK(rest_kept);
    CHECK(worst < 2e-5);
  }
}

TEST_CASE("a pair's first half opens its second", "[kernels]") {
  const std::int64_t rows = GENERATE(1, 7, 12), inputs = 50, half = kPanelColumns / 2;
  const bool biased = GENERATE(false, true), last = GENERATE(false, true);
  const Products p(rows, inputs);
  for (const Table* table : available()) {
    CAPTURE(table->name, rows, biased, last);
    std::vector<float> sums = p.before;
    std::vector<float> out(Products::at(rows * (half + 1)), 7.0F);
    table->multiply({p.x.data(),
                     p.x_stride,
                     p.panel.data(),
                     sums.data(),
                     kPanelColumns,
                     out.data(),
                     half + 1,
                     rows,
                     inputs,
                     kPanelColumns,
                     true,
                     last,
                     biased ? p.bias.data() : nullptr,
                     Then::pair,
                     {}});
    for (std::int64_t r = 0; r < rows; ++r) {
      CHECK(out[Products::at(r * (half + 1) + half)] == 7.0F);
      for (std::int64_t c = 0; c < half; ++c) {
        const auto biased_sum = [&](std::int64_t column) {
          return p.sum(r, column, true) + (biased ? double{p.bias[Products::at(column)]} : 0.0);
        };
        const double y = last ? silu(biased_sum(c)) * biased_sum(c + half) : 7.0;
        CHECK(std::abs(double{out[Products::at(r * (half + 1) + c)]} - y) < 1e-4);
      }
    }
  }
}

TEST_CASE("a NaN or an infinity in a product stays one", "[kernels]") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x = {1.0F, nan, infinity}, panel(kPanelColumns, 1.0F);
  for (const Table* table : available()) {
    for (const Then then : {Then::nothing, Then::relu, Then::gate}) {
      CAPTURE(table->name, static_cast<int>(then));
      std::vector<float> out(3 * kPanelColumns);
      table->multiply({x.data(),
                       1,
                       panel.data(),
                       out.data(),
                       kPanelColumns,
                       out.data(),
                       kPanelColumns,
                       3,
                       1,
                       kPanelColumns,
                       false,
                       true,
                       nullptr,
                       then,
                       {}});
      CHECK(std::isfinite(out[3]));
      CHECK(std::isnan(out[kPanelColumns + 3]));
      CHECK(out[2 * kPanelColumns + 3] == infinity);
    }
  }
}

}  // namespace
}  // namespace souvenir::kernels
