#include "harness/backend/decoding_rule.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "harness/error.h"

namespace souvenir {
namespace {

using nlohmann::json;

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

double number(const json& value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}

template <typename Logit>
double log_prob(const std::vector<Logit>& row, TokenId target, const DecodingRule& rule) {
  return rule_log_prob(kept_tokens(std::span<const Logit>(row), rule), rule,
                       static_cast<double>(row[static_cast<std::size_t>(target)]), target);
}

// The ids a rule keeps.
std::vector<TokenId> kept_ids(const std::vector<float>& row, const DecodingRule& rule) {
  const KeptTokens kept = kept_tokens(std::span<const float>(row), rule);
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < row.size(); ++i)
    if (kept.keeps(static_cast<double>(row[i]), static_cast<TokenId>(i)))
      ids.push_back(static_cast<TokenId>(i));
  return ids;
}

std::vector<float> random_row(std::size_t size, unsigned seed, float spread, float grid = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> row(size);
  for (float& x : row) {
    x = normal(random);
    if (grid > 0) x = std::round(x / grid) * grid;  // many ties
  }
  return row;
}

// The definition, word for word: sort, cut, cut again, renormalise.
double naive(const std::vector<float>& row, TokenId target, const DecodingRule& rule) {
  std::vector<std::size_t> order(row.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return row[a] < row[b]; });
  std::reverse(order.begin(), order.end());
  std::vector<double> weights(row.size());
  const double top = static_cast<double>(row[order[0]]);
  for (std::size_t i = 0; i < row.size(); ++i)
    weights[i] = std::exp((static_cast<double>(row[i]) - top) / rule.temperature);
  std::size_t kept = row.size();
  if (rule.top_k > 0 && rule.top_k < static_cast<std::int64_t>(row.size())) {
    kept = static_cast<std::size_t>(rule.top_k);
    while (kept < row.size() && row[order[kept]] == row[order[kept - 1]]) ++kept;
  }
  double total = 0;
  for (std::size_t i = 0; i < kept; ++i) total += weights[order[i]];
  if (rule.top_p < 1) {
    double mass = 0;
    std::size_t i = 0;
    while (i < kept && (i == 0 || mass / total < rule.top_p - 1e-12)) mass += weights[order[i++]];
    kept = i;
    total = mass;
  }
  for (std::size_t i = 0; i < kept; ++i)
    if (order[i] == static_cast<std::size_t>(target)) return std::log(weights[order[i]] / total);
  return kImpossible;
}

// A model that knows only the last token: the log-probabilities of its table are its logits.
TEST_CASE("the probability of a text is the known one under each top-k", "[decoding]") {
  std::ifstream file(SOUVENIR_SOURCE_DIR "/tests/kat/extraction.json");
  const json toy = json::parse(file).at("toy_markov");
  const auto fraction = [](const std::string& text) {
    const auto slash = text.find('/');
    const double over = slash == std::string::npos ? 1 : std::stod(text.substr(slash + 1));
    return std::stod(text) / over;
  };
  for (const json& row : toy.at("rows")) {
    const DecodingRule rule{.top_k = row.at("k").get<std::int64_t>()};
    CAPTURE(rule.top_k);
    double sum = 0;
    auto last = toy.at("start").get<std::size_t>();
    for (const json& token : toy.at("z")) {
      std::vector<double> logits;
      for (const json& p : toy.at("M").at(last))
        logits.push_back(std::log(fraction(p.get<std::string>())));
      sum += log_prob(logits, token.get<TokenId>(), rule);
      last = token.get<std::size_t>();
    }
    // One row has a tie in the second place: the vectors cut it (3/4), we keep it (3/5).
    const double ties = rule.top_k == 2 ? 0.8 : 1.0;
    CHECK(std::exp(sum) == Approx(ties * fraction(row.at("pz").get<std::string>())).epsilon(1e-9));
  }
}

TEST_CASE("decoding rules give the known answers to 1e-9", "[decoding]") {
  std::ifstream file(SOUVENIR_SOURCE_DIR "/tests/kat/extraction.json");
  const json vectors = json::parse(file).at("decode");
  int checked = 0;
  for (const json& row : vectors.at("rows")) {
    const json& config = row.at("cfg");
    // Two rows are of other samplers: truncation before temperature, and ties cut at the k-th.
    if (config.value("order", "T-k-p") != "T-k-p" || config.contains("ties")) continue;
    DecodingRule rule{.temperature = number(config.at("T"))};
    if (config.contains("k")) rule.top_k = config.at("k").get<std::int64_t>();
    if (config.contains("p")) rule.top_p = number(config.at("p"));
    CAPTURE(config.dump());
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      std::vector<double> logits;
      for (const json& x : vectors.at("logits").at(i)) logits.push_back(number(x));
      const double found = log_prob(logits, vectors.at("target").at(i).get<TokenId>(), rule);
      const json& expected = row.at("logp").at(i);
      if (expected.is_null()) {
        CHECK(found == kImpossible);
      } else {
        CHECK(std::abs(found - expected.get<double>()) < 1e-9);
      }
      sum += found;
      ++checked;
    }
    if (row.at("log_pz").is_null()) {
      CHECK(sum == kImpossible);
    } else {
      CHECK(std::abs(sum - row.at("log_pz").get<double>()) < 1e-9);
    }
  }
  CHECK(checked == 27);
}

TEST_CASE("rules keep what transformers keeps at ties and boundaries", "[decoding]") {
  // Expected: TopKLogitsWarper and TopPLogitsWarper of transformers 5.23 on these rows.
  const auto [row, rule, expected] =
      GENERATE(table<std::vector<float>, DecodingRule, std::vector<TokenId>>({
          {{0, 0, 0, 0}, {.top_p = 0.75}, {1, 2, 3}},
          {{0, 0, 0, 0}, {.top_p = 0.5}, {2, 3}},
          {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {.top_p = 0.9}, {1, 2, 3, 4, 5, 6, 7, 8, 9}},
          {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {.top_p = 0.3}, {7, 8, 9}},
          {{1, 1, 0, 0, 0}, {.top_p = 0.8}, {0, 1, 3, 4}},
          {{2, 1, 1, 1}, {.top_p = 0.6}, {0, 3}},
          {{0, 0, 0}, {.top_p = 0.3333}, {2}},
          {{5, 0, 0}, {.top_p = 0.01}, {0}},
          {{3, 3, 1, 0, 0}, {.top_k = 1}, {0, 1}},
          {{3, 2, 2, 2, 0}, {.top_k = 2}, {0, 1, 2, 3}},
          {{3, 2, 1}, {.top_k = 7}, {0, 1, 2}},
          {{3, 2, 2, 2, 0}, {.top_k = 2, .top_p = 0.6}, {0, 3}},
      }));
  CAPTURE(rule.top_k, rule.top_p);
  CHECK(kept_ids(row, rule) == expected);
}

TEST_CASE("rules agree with the definition for every k and p", "[decoding]") {
  const float grid = GENERATE(0.0F, 0.5F);
  const std::vector<float> row = random_row(700, 3, 2, grid);
  for (const std::int64_t k : {0, 1, 2, 5, 63, 64, 65, 200, 699, 700, 5000}) {
    for (const double p : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999999, 1.0}) {
      for (const double temperature : {0.1, 1.0, 3.0}) {
        const DecodingRule rule{temperature, k, p};
        CAPTURE(grid, k, p, temperature);
        for (TokenId target = 0; target < 700; target += 23) {
          const double expected = naive(row, target, rule), found = log_prob(row, target, rule);
          if (expected == kImpossible) {
            CHECK(found == kImpossible);
          } else {
            CHECK(std::abs(found - expected) < 1e-9);
          }
        }
      }
    }
  }
}

TEST_CASE("the most likely tokens settle a rule exactly or not at all", "[decoding]") {
  const auto [spread, grid] = GENERATE(table<float, float>({{1, 0}, {6, 0}, {2, 0.5F}, {6, 1.0F}}));
  const std::vector<float> row = random_row(500, 5, spread, grid);
  std::vector<TokenId> ids(row.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<TokenId>(i);
  std::stable_sort(ids.begin(), ids.end(), [&](TokenId a, TokenId b) {
    return row[static_cast<std::size_t>(a)] > row[static_cast<std::size_t>(b)];
  });
  ids.resize(64);
  std::vector<float> top;
  for (const TokenId id : ids) top.push_back(row[static_cast<std::size_t>(id)]);
  int settled = 0, open = 0;
  for (const std::int64_t k : {0, 1, 5, 40, 63, 64, 65, 499, 500}) {
    for (const double p : {0.05, 0.5, 0.9, 0.99, 1.0}) {
      for (const double temperature : {0.5, 1.0}) {
        const DecodingRule rule{temperature, k, p};
        CAPTURE(spread, grid, k, p, temperature);
        const double whole =
            kept_tokens(std::span<const float>(row), {.temperature = temperature}).log_sum_exp;
        const auto found = kept_tokens_from_top(top, ids, 500, whole, rule);
        found ? ++settled : ++open;
        if (!found) continue;
        const KeptTokens expected = kept_tokens(std::span<const float>(row), rule);
        CHECK(std::abs(found->log_sum_exp - expected.log_sum_exp) < 1e-9);
        for (std::size_t i = 0; i < row.size(); ++i) {
          const auto id = static_cast<TokenId>(i);
          REQUIRE(found->keeps(static_cast<double>(row[i]), id) ==
                  expected.keeps(static_cast<double>(row[i]), id));
        }
      }
    }
  }
  CHECK(settled > 10);  // otherwise the short cut is no short cut
  CHECK(open > 10);     // and otherwise the cases here are too easy
}

TEST_CASE("a mass that a float32 sum could move across p is left to the whole row", "[decoding]") {
  const std::vector<float> row = {3, 2, 1, 0, -1, -40};
  const std::vector<float> top = {3, 2, 1, 0, -1};
  const std::vector<TokenId> ids = {0, 1, 2, 3, 4};
  const double whole = kept_tokens(std::span<const float>(row), DecodingRule()).log_sum_exp;
  const double two = std::exp(3 - whole) + std::exp(2 - whole);
  for (const double off : {-1e-8, 0.0, 1e-8})
    CHECK_FALSE(kept_tokens_from_top(top, ids, 6, whole, {.top_p = two + off}));
  const auto less = kept_tokens_from_top(top, ids, 6, whole, {.top_p = two - 1e-4});
  const auto more = kept_tokens_from_top(top, ids, 6, whole, {.top_p = two + 1e-4});
  REQUIRE((less && more));
  CHECK(less->lowest == 2);
  CHECK(more->lowest == 1);
}

TEST_CASE("equals at the end of the list may go on behind it", "[decoding]") {
  const std::vector<float> top = {1, 1, 1, 1};
  const std::vector<TokenId> ids = {0, 1, 2, 3};
  CHECK_FALSE(kept_tokens_from_top(top, ids, 9, 1 + std::log(8.0), {.top_p = 0.3}));
  CHECK_FALSE(kept_tokens_from_top(top, ids, 9, 1 + std::log(8.0), {.top_k = 2}));
}

TEST_CASE("rules outside their ranges are refused by name", "[decoding]") {
  const auto [rule, word] = GENERATE(table<DecodingRule, std::string>({
      {{.temperature = 0}, "temperature"},
      {{.temperature = -1}, "temperature"},
      {{.temperature = std::numeric_limits<double>::infinity()}, "temperature"},
      {{.temperature = std::numeric_limits<double>::quiet_NaN()}, "temperature"},
      {{.top_k = -1}, "top-k"},
      {{.top_p = 0}, "top-p"},
      {{.top_p = 1.5}, "top-p"},
      {{.top_p = std::numeric_limits<double>::quiet_NaN()}, "top-p"},
  }));
  try {
    check_rule(rule);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_THAT(error.what(), Catch::Contains(word));
  }
  CHECK_NOTHROW(check_rule({.temperature = 0.7, .top_k = 40, .top_p = 0.95}));
}

}  // namespace
}  // namespace souvenir
