// Every instruction set's loops against plain float64 arithmetic.

#include "harness/backend/kernels/kernels.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/random_floats.h"

namespace souvenir::kernels {
namespace {

using test::random_floats;

Bfloat16 narrow(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return {static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16)};
}

float widen(Bfloat16 x) { return std::bit_cast<float>(std::uint32_t{x.bits} << 16); }

std::vector<Bfloat16> narrow(const std::vector<float>& values) {
  std::vector<Bfloat16> result;
  for (const float x : values) result.push_back(narrow(x));
  return result;
}

double norm_at(const std::vector<double>& x, std::size_t i, double weight, double bias,
               double epsilon, bool centred) {
  double mean = 0, square = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  if (!centred) mean = 0;
  for (const double v : x) square += (v - mean) * (v - mean) / static_cast<double>(x.size());
  return (x[i] - mean) / std::sqrt(square + epsilon) * weight + bias;
}

TEST_CASE("norms are those of float64 arithmetic, at every width", "[kernels]") {
  for (const Table* table : available()) {
    const std::size_t width = GENERATE(1U, 2U, 5U, 16U, 17U, 36U, 64U, 100U, 576U);
    const bool centred = GENERATE(false, true);
    CAPTURE(table->name, width, centred);
    const auto weight = random_floats(width, 1), bias = random_floats(width, 2);
    // An offset far from zero: a variance by E[x^2] - mean^2 would lose its digits here.
    auto residual = random_floats(width, 3);
    for (float& x : residual) x += 40;
    const auto delta = random_floats(width, 4);
    std::vector<double> expected;
    for (std::size_t i = 0; i < width; ++i)
      expected.push_back(static_cast<double>(residual[i] + delta[i]));
    std::vector<float> out(width), sum = residual;
    table->norm_f32({sum.data(), delta.data(), out.data(), weight.data(), bias.data(),
                     static_cast<std::int64_t>(width), 1e-3F, centred});
    for (std::size_t i = 0; i < width; ++i) {
      CHECK(sum[i] == residual[i] + delta[i]);
      const double y = norm_at(expected, i, static_cast<double>(weight[i]),
                               static_cast<double>(bias[i]), 1e-3, centred);
      CHECK(std::abs(static_cast<double>(out[i]) - y) < 2e-4 * (1 + std::abs(y)));
    }
  }
}

TEST_CASE("activations are those of float64 arithmetic, at every count", "[kernels]") {
  for (const Table* table : available()) {
    const std::size_t count = GENERATE(1U, 3U, 8U, 17U, 1000U);
    const auto [linear, cubic] = GENERATE(std::pair(1.0F, 0.0F), std::pair(1.5957691F, 0.0713548F));
    CAPTURE(table->name, count, linear);
    auto x = random_floats(count, 1, 5);
    x[0] = GENERATE(0.0F, -30.0F, 90.0F, -200.0F);
    auto y = x;
    table->activate({y.data(), static_cast<std::int64_t>(count), {linear, cubic}});
    for (std::size_t i = 0; i < count; ++i) {
      const double v = x[i];
      const double u = v * (static_cast<double>(linear) + static_cast<double>(cubic) * v * v);
      CHECK(std::abs(y[i] - v / (1 + std::exp(-u))) < 1e-6 * (1e-6 + std::abs(v)));
    }
  }
}

TEST_CASE("an activation of NaN or infinity is not a number that passes for one", "[kernels]") {
  for (const Table* table : available()) {
    CAPTURE(table->name);
    const float infinity = std::numeric_limits<float>::infinity();
    std::vector<float> x = {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, -1e20F,
                            1.0F};
    table->activate({x.data(), 5, {1.0F, 0.0F}});
    CHECK(std::isnan(x[0]));
    CHECK(x[1] == infinity);
    CHECK(std::isnan(x[2]));  // as in ATen
    CHECK(x[3] == 0.0F);
    CHECK(x[4] == Approx(0.7310586));
  }
}

TEST_CASE("norms take and give bfloat16, and leave out what is not there", "[kernels]") {
  for (const Table* table : available()) {
    CAPTURE(table->name);
    const std::size_t width = 37;
    const auto weight = random_floats(width, 1);
    const auto delta = narrow(random_floats(width, 2));
    auto residual = random_floats(width, 3);
    std::vector<double> alone, together;
    for (std::size_t i = 0; i < width; ++i) {
      alone.push_back(static_cast<double>(widen(delta[i])));
      together.push_back(static_cast<double>(widen(delta[i]) + residual[i]));
    }
    std::vector<Bfloat16> narrow_out(width);
    std::vector<float> out(width);
    const auto n = static_cast<std::int64_t>(width);
    table->norm_bf16(
        {nullptr, delta.data(), narrow_out.data(), weight.data(), nullptr, n, 1e-5F, false});
    for (std::size_t i = 0; i < width; ++i) {
      const double y = norm_at(alone, i, static_cast<double>(weight[i]), 0, 1e-5, false);
      CHECK(std::abs(static_cast<double>(widen(narrow_out[i])) - y) <= 0.004 * std::abs(y) + 1e-6);
    }
    table->norm_bf16_f32(
        {residual.data(), delta.data(), out.data(), weight.data(), nullptr, n, 1e-5F, false});
    const auto kept = residual;
    for (std::size_t i = 0; i < width; ++i) {
      const double y = norm_at(together, i, static_cast<double>(weight[i]), 0, 1e-5, false);
      CHECK(std::abs(static_cast<double>(out[i]) - y) < 1e-5);
    }
    table->norm_f32(
        {residual.data(), nullptr, out.data(), weight.data(), nullptr, n, 1e-5F, false});
    CHECK(residual == kept);
  }
}

TEST_CASE("narrowing to bfloat16 rounds to even and keeps NaN and infinity", "[kernels]") {
  for (const Table* table : available()) {
    CAPTURE(table->name);
    const float inf = std::numeric_limits<float>::infinity();
    // A rotation by nothing of a head that is only read and written.
    std::vector<float> angles = {1, 1}, zeros = {0, 0};
    std::vector<Bfloat16> head = narrow({1.5F, -2.25F, 3.0e38F, 1e-30F});
    head.push_back({0x7FC0});  // NaN
    head.push_back({0x7F80});  // infinity
    const auto before = head;
    table->rotate_bf16(
        {head.data(), 1, 0, 6, 4, nullptr, nullptr, 0, angles.data(), zeros.data(), 1e-5F, false});
    for (std::size_t i = 0; i < head.size(); ++i) {
      CAPTURE(i);
      CHECK((head[i].bits == before[i].bits ||
             (std::isnan(widen(head[i])) && std::isnan(widen(before[i])))));
    }
    CHECK(widen(head[5]) == inf);
  }
}

TEST_CASE("rotation turns the first dimensions of every head, half against half", "[kernels]") {
  for (const Table* table : available()) {
    CAPTURE(table->name);
    const std::int64_t dim = GENERATE(10, 16, 64, 96), heads = 3, key_heads = 2;
    const std::int64_t rotary = dim == 10 ? 6 : dim;
    const bool normed = GENERATE(false, true), own_weights = GENERATE(false, true);
    const auto count = static_cast<std::size_t>((heads + key_heads) * dim);
    std::vector<float> cosine, sine;
    for (std::int64_t i = 0; i < rotary / 2; ++i) {
      cosine.push_back(std::cos(0.3F * static_cast<float>(i + 1)));
      sine.push_back(std::sin(0.3F * static_cast<float>(i + 1)));
    }
    const auto norms = random_floats(static_cast<std::size_t>(5 * dim), 7);
    const auto before = random_floats(count, 8);
    auto after = before;
    table->rotate_f32({after.data(), heads, key_heads, dim, rotary, normed ? norms.data() : nullptr,
                       normed ? norms.data() + 3 * dim : nullptr, own_weights ? dim : 0,
                       cosine.data(), sine.data(), 1e-5F, false});
    for (std::int64_t h = 0; h < heads + key_heads; ++h) {
      std::vector<double> x;
      for (std::int64_t i = 0; i < dim; ++i)
        x.push_back(static_cast<double>(before[static_cast<std::size_t>(h * dim + i)]));
      const std::vector<double> raw = x;
      for (std::size_t i = 0; normed && i < x.size(); ++i) {
        const std::int64_t own = own_weights ? h : h < heads ? 0 : 3;
        const std::size_t at = i + static_cast<std::size_t>(own * dim);
        x[i] = norm_at(raw, i, static_cast<double>(norms[at]), 0, 1e-5, false);
      }
      for (std::int64_t i = 0; i < dim; ++i) {
        const std::int64_t half = rotary / 2, pair = i < half ? i + half : i - half;
        double y = x[static_cast<std::size_t>(i)];
        if (i < rotary) {
          const auto angle = static_cast<std::size_t>(i % half);
          y = y * static_cast<double>(cosine[angle]) + (i < half ? -1 : 1) *
                                                           x[static_cast<std::size_t>(pair)] *
                                                           static_cast<double>(sine[angle]);
        }
        const float found = after[static_cast<std::size_t>(h * dim + i)];
        CHECK(std::abs(static_cast<double>(found) - y) < 1e-5);
      }
    }
  }
}

// One key/value head of one sequence by the definition.
std::vector<double> attention_by_definition(const std::vector<float>& rows, std::int64_t stride,
                                            const Attend<float>& task, std::int64_t key_column,
                                            std::int64_t value_column) {
  std::vector<double> out;
  const auto at = [&](std::int64_t row, std::int64_t column) {
    return static_cast<double>(rows[static_cast<std::size_t>(row * stride + column)]);
  };
  for (std::int64_t i = task.first; i < task.last; ++i) {
    for (std::int64_t g = 0; g < task.group; ++g) {
      const std::int64_t low = task.window > 0 ? std::max<std::int64_t>(0, i + 1 - task.window) : 0;
      std::vector<double> answer(static_cast<std::size_t>(task.head_dim));
      double total = 0;
      for (std::int64_t j = low; j <= i; ++j) {
        double score = 0;
        for (std::int64_t d = 0; d < task.head_dim; ++d)
          score += at(i, g * task.head_dim + d) * at(j, key_column + d);
        score *= static_cast<double>(task.scale);
        const auto cap = static_cast<double>(task.cap);
        if (cap > 0) score = cap * std::tanh(score / cap);
        if (task.bias != nullptr) score += static_cast<double>(task.bias[g * task.bias_stride + j]);
        const double weight = std::exp(score);
        total += weight;
        for (std::int64_t d = 0; d < task.head_dim; ++d)
          answer[static_cast<std::size_t>(d)] += weight * at(j, value_column + d);
      }
      for (const double x : answer) out.push_back(x / total);
    }
  }
  return out;
}

TEST_CASE("attention to one head is softmax over its visible keys, whatever the instruction set",
          "[kernels]") {
  const std::int64_t dim = GENERATE(7, 16, 64, 80), group = GENERATE(1, 3);
  const std::int64_t tokens = GENERATE(1, 5, 70), window = GENERATE(0, 4);
  const float cap = GENERATE(0.0F, 0.5F, 50.0F);
  const bool biased = GENERATE(false, true);
  for (const Table* table : available()) {
    CAPTURE(table->name, dim, group, tokens, window, cap, biased);
    const std::int64_t stride = (group + 2) * dim;
    const auto rows = random_floats(static_cast<std::size_t>(tokens * stride), 11);
    Panel panel{nullptr, nullptr, round_up(tokens, kPanelAlign), round_up(dim, kValueAlign)};
    std::vector<float> keys(static_cast<std::size_t>(dim * panel.key_stride));
    std::vector<float> values(static_cast<std::size_t>(panel.key_stride * panel.value_stride));
    std::vector<float> scratch(static_cast<std::size_t>(attend_scratch(tokens, dim)));
    std::vector<float> out(static_cast<std::size_t>(tokens * group * dim));
    panel.keys = keys.data();
    panel.values = values.data();
    table->fill_f32({rows.data() + group * dim, rows.data() + (group + 1) * dim, stride, tokens, 0,
                     dim, panel});
    const auto bias = random_floats(static_cast<std::size_t>(group * panel.key_stride), 12);
    const Attend<float> task{rows.data(),
                             out.data(),
                             stride,
                             group * dim,
                             group,
                             dim,
                             0,
                             tokens,
                             0,
                             window,
                             0.3F,
                             cap,
                             biased ? bias.data() : nullptr,
                             panel.key_stride,
                             panel,
                             scratch.data()};
    table->attend_f32(task);
    const auto expected =
        attention_by_definition(rows, stride, task, group * dim, (group + 1) * dim);
    double largest = 0;
    for (std::size_t i = 0; i < out.size(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(out[i]) - expected[i]));
    CHECK(largest < 1e-5);
  }
}

TEST_CASE("the largest logit of a row is found, the first of equals, and bad logits noticed",
          "[kernels]") {
  for (const Table* table : available()) {
    CAPTURE(table->name);
    for (const std::size_t count : {1U, 3U, 16U, 131U, 1000U}) {
      auto row = random_floats(count, 9);
      const std::size_t at = count / 2;
      row[at] = 50;
      row.back() = 50;
      RowMaximum found = table->row_maximum(row.data(), static_cast<std::int64_t>(count));
      CHECK(found.id == static_cast<TokenId>(at));
      CHECK(found.value == 50);
      CHECK(found.finite);
      for (const float bad :
           {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
            -std::numeric_limits<float>::infinity()}) {
        for (const std::size_t place : {std::size_t{0}, count - 1}) {
          auto broken = row;
          broken[place] = bad;
          found = table->row_maximum(broken.data(), static_cast<std::int64_t>(count));
          CHECK_FALSE(found.finite);
        }
      }
    }
  }
}

}  // namespace
}  // namespace souvenir::kernels
