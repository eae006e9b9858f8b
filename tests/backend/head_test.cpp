#include "harness/backend/head.h"

#include <cmath>
#include <limits>
#include <vector>

#include "harness/backend/decoding_rule.h"
#include "tests/support/aten_catch.h"

namespace souvenir {
namespace {

constexpr std::int64_t kHidden = 24;

struct Fixture {
  at::Tensor weight, bias, hidden;
  std::vector<TokenId> targets;
};

// Three tiles of the vocabulary, and more rows than one tile takes.
Fixture make_fixture(at::ScalarType dtype, bool biased, std::int64_t rows = 300,
                     std::int64_t vocabulary = 9001) {
  at::manual_seed(3);
  Fixture f;
  f.weight = at::randn({vocabulary, kHidden}).mul_(0.6).to(dtype);
  if (biased) f.bias = at::randn({vocabulary}).to(dtype);
  f.hidden = at::randn({rows, kHidden});
  for (std::int64_t i = 0; i < rows; ++i)
    f.targets.push_back(static_cast<TokenId>(i * 7919 % vocabulary));
  return f;
}

// Moves some targets to the ranks at which rules begin to cut.
void aim_at_ranks(Fixture& f) {
  const at::Tensor logits = at::linear(f.hidden, f.weight.to(at::kFloat));
  const auto [values, ids] = at::sort(logits, true, 1, true);
  const std::vector<std::int64_t> ranks = {1, 2, 40, 41, 64, 65, 66, 2000, 2001, 3000, 3001};
  for (std::size_t i = 0; i < f.targets.size(); i += 2)
    f.targets[i] = static_cast<TokenId>(
        ids[static_cast<std::int64_t>(i)][ranks[i / 2 % ranks.size()] - 1].item<std::int64_t>());
}

std::vector<double> naive_row(const Fixture& f, std::int64_t row) {
  at::Tensor logits = at::mv(f.weight.to(at::kDouble), f.hidden[row].to(at::kDouble));
  if (f.bias.defined()) logits += f.bias;
  const double* data = logits.const_data_ptr<double>();
  return {data, data + logits.numel()};
}

ScoreOptions many_options() {
  ScoreOptions options;
  options.rules = {{},
                   {.temperature = 0.7},
                   {.top_k = 1},
                   {.top_k = 40},
                   {.top_k = 64},
                   {.top_k = 65},
                   {.top_k = 3000},
                   {.temperature = 1.3, .top_k = 2000, .top_p = 0.9},
                   {.top_p = 0.02},
                   {.top_p = 0.95},
                   {.temperature = 3.0, .top_p = 0.999}};
  options.temperatures = {0.25, 1.0, 4.0};
  options.top = 5;
  return options;
}

TEST_CASE("the head scores rows as a float64 softmax over the whole vocabulary would", "[head]") {
  const c10::InferenceMode no_gradients;
  const auto [dtype, biased] = GENERATE(table<at::ScalarType, bool>(
      {{at::kFloat, false}, {at::kFloat, true}, {at::kBFloat16, true}, {at::kHalf, false}}));
  const HeadPath path = GENERATE(HeadPath::automatic, HeadPath::whole_rows);
  const Packing packing = GENERATE(Packing::when_possible, Packing::never);
  CAPTURE(dtype, biased, static_cast<int>(path), static_cast<int>(packing));
  Fixture f = make_fixture(dtype, biased, 270);
  if (!biased) aim_at_ranks(f);
  const Head head(f.weight, f.bias, packing);
  const ScoreOptions options = many_options();
  const std::vector<Head::Row> rows = head.score(f.hidden, f.targets, options, path);
  REQUIRE(rows.size() == f.targets.size());
  for (std::size_t i = 0; i < rows.size(); i += biased ? 53 : 13) {
    CAPTURE(i);
    const std::vector<double> logits = naive_row(f, static_cast<std::int64_t>(i));
    const RowSummary& found = rows[i].summary;
    const double target = logits[static_cast<std::size_t>(f.targets[i])];
    const double log_sum = kept_tokens(std::span<const double>(logits), {}).log_sum_exp;
    // Float32 logits: a bfloat16 logit of this size would be off by 0.01 and more.
    CHECK(std::abs(static_cast<double>(found.target_logit) - target) < 1e-5);
    CHECK(std::abs(found.log_prob - (target - log_sum)) < 1e-5);
    std::int64_t rank = 1;
    for (const double x : logits) rank += x > target + 1e-5;
    CHECK(std::abs(found.rank - rank) <= 1);  // a near-tie may fall on either side in float32
    CHECK(found.top_ids.size() == 5);
    for (std::size_t t = 0; t < options.temperatures.size(); ++t) {
      const DecodingRule at{.temperature = options.temperatures[t]};
      CHECK(std::abs(found.log_sum_exps[t] -
                     kept_tokens(std::span<const double>(logits), at).log_sum_exp) < 5e-5);
    }
    for (std::size_t r = 0; r < options.rules.size(); ++r) {
      CAPTURE(r);
      const DecodingRule& rule = options.rules[r];
      const KeptTokens kept = kept_tokens(std::span<const double>(logits), rule);
      // A near-tie with the last token kept may fall on either side in float32.
      if (kept.keeps(target - 1e-5, f.targets[i]) != kept.keeps(target + 1e-5, f.targets[i]) &&
          std::abs(target - kept.lowest) > 0)
        continue;
      const double expected = rule_log_prob(kept, rule, target, f.targets[i]);
      const double got = rows[i].rule_log_probs[r];
      if (std::isinf(expected) || std::isinf(got)) {
        CHECK(expected == got);
      } else {
        CHECK(std::abs(got - expected) < 5e-5);
      }
    }
  }
}

TEST_CASE("tiles and whole rows agree on ranks, ties and the most likely tokens", "[head]") {
  const c10::InferenceMode no_gradients;
  Fixture f = make_fixture(at::kFloat, false);
  // Duplicate vocabulary rows tie exactly; so do all-zero ones.
  f.weight.narrow(0, 4000, 500).copy_(f.weight.narrow(0, 100, 500));
  f.weight.narrow(0, 8000, 30).zero_();
  for (std::size_t i = 0; i < f.targets.size(); ++i)
    f.targets[i] = static_cast<TokenId>(i % 3 == 0   ? 100 + i
                                        : i % 3 == 1 ? 4000 + i
                                                     : 8000 + i % 30);
  const double cap = GENERATE(0.0, 5.0);
  CAPTURE(cap);
  const Head head(f.weight, {}, Packing::when_possible, cap);
  const ScoreOptions options{.rules = {}, .temperatures = {}, .top = 64};
  const auto tiles = head.score(f.hidden, f.targets, options);
  const auto whole = head.score(f.hidden, f.targets, options, HeadPath::whole_rows);
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    CAPTURE(i);
    CHECK(tiles[i].summary.rank == whole[i].summary.rank);
    CHECK(tiles[i].summary.ties == whole[i].summary.ties);
    // A cap brings logits nearer to each other: a few more may round to the same.
    CHECK(tiles[i].summary.ties >= (i % 3 == 2 ? 29 : 1));
    if (cap == 0.0) CHECK(tiles[i].summary.ties == (i % 3 == 2 ? 29 : 1));
    const double logit =
        naive_row(f, static_cast<std::int64_t>(i))[static_cast<std::size_t>(f.targets[i])];
    CHECK(std::abs(static_cast<double>(tiles[i].summary.target_logit) -
                   (cap > 0.0 ? cap * std::tanh(logit / cap) : logit)) < 1e-5);
    CHECK(tiles[i].summary.gap == whole[i].summary.gap);
    CHECK(tiles[i].summary.argmax == whole[i].summary.argmax);
    CHECK(tiles[i].summary.top_ids == whole[i].summary.top_ids);
  }
}

TEST_CASE("a head of zeros gives the uniform distribution and all ties", "[head]") {
  const c10::InferenceMode no_gradients;
  const Head head(at::zeros({5000, kHidden}), {});
  const ScoreOptions options{
      .rules = {{.top_k = 10}, {.top_p = 0.5}}, .temperatures = {}, .top = 3};
  const auto rows = head.score(at::randn({2, kHidden}), {0, 4999}, options);
  for (std::size_t i = 0; i < 2; ++i) {
    const RowSummary& row = rows[i].summary;
    CHECK(row.rank == 1);
    CHECK(row.ties == 4999);
    CHECK(row.argmax == 0);
    CHECK(row.gap == 0);
    CHECK(std::abs(row.log_prob + std::log(5000.0)) < 1e-6);
    CHECK(std::abs(row.entropy - std::log(5000.0)) < 1e-6);
    CHECK(std::abs(row.variance_log_prob) < 1e-6);
    CHECK(row.top_ids == std::vector<TokenId>{0, 1, 2});
    CHECK(std::abs(rows[i].rule_log_probs[0] + std::log(5000.0)) < 1e-6);  // ties at k are kept
  }
  CHECK(std::isinf(rows[0].rule_log_probs[1]));  // top-p keeps the higher ids of equals
  CHECK(std::abs(rows[1].rule_log_probs[1] + std::log(2500.0)) < 1e-6);
}

TEST_CASE("a row of the head that is not finite is marked, and no other", "[head]") {
  const c10::InferenceMode no_gradients;
  Fixture f = make_fixture(at::kFloat, false, 5);
  f.hidden[2][3] = std::numeric_limits<float>::quiet_NaN();
  f.hidden[3][0] = std::numeric_limits<float>::infinity();
  const HeadPath path = GENERATE(HeadPath::automatic, HeadPath::whole_rows);
  const auto rows = Head(f.weight, {}).score(f.hidden, f.targets, many_options(), path);
  for (const std::size_t i : {0U, 1U, 2U, 3U, 4U})
    CHECK(rows[i].summary.finite == (i < 2 || i == 4));
}

}  // namespace
}  // namespace souvenir
