#include "harness/backend/row_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/support/aten_catch.h"

namespace souvenir {
namespace {

constexpr std::int64_t kVocabulary = 1003;

// Rows of logits: the spread and the grid decide how many tie.
at::Tensor random_logits(std::int64_t rows, unsigned seed, float spread, float grid) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(3, spread);
  const at::Tensor logits = at::empty({rows, kVocabulary}, at::kFloat);
  float* data = logits.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < logits.numel(); ++i) {
    data[i] = normal(random);
    if (grid > 0) data[i] = std::round(data[i] / grid) * grid;
  }
  return logits;
}

RowQuestions questions_for(std::int64_t rows, int top = 64) {
  RowQuestions questions{{}, {0.5, 2.0}, top};
  for (std::int64_t i = 0; i < rows; ++i)
    questions.targets.push_back(static_cast<TokenId>(i * 97 % kVocabulary));
  return questions;
}

// Feeds rows to the tiled way, in tiles of a width that does not divide the vocabulary.
TiledStatistics::Result tiled(const at::Tensor& logits, const RowQuestions& questions,
                              const kernels::Table& table, std::int64_t width = 150, float off = 0,
                              float tolerance = 1e-4F) {
  std::vector<float> estimates, tolerances;
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    const TokenId target = questions.targets[static_cast<std::size_t>(i)];
    estimates.push_back(logits.const_data_ptr<float>()[i * kVocabulary + target] + off);
    tolerances.push_back(tolerance);
  }
  TiledStatistics statistics(questions, estimates, tolerances, table);
  for (std::int64_t first = 0; first < kVocabulary; first += width) {
    const at::Tensor tile =
        logits.narrow(1, first, std::min(width, kVocabulary - first)).contiguous();
    statistics.add(tile, 0, static_cast<TokenId>(first));
  }
  return statistics.finish();
}

// The same by the definition, in float64, one row.
RowSummary by_definition(const float* row, TokenId target, const RowQuestions& questions) {
  RowSummary s;
  std::vector<double> x(row, row + kVocabulary);
  const double t = x[static_cast<std::size_t>(target)];
  double other = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < x.size(); ++i) {
    s.rank += x[i] > t;
    s.ties += x[i] == t;
    if (i != static_cast<std::size_t>(target)) other = std::max(other, x[i]);
  }
  s.rank += 1;
  s.ties -= 1;
  s.target_logit = static_cast<float>(t);
  s.gap = static_cast<float>(t) - static_cast<float>(other);
  const auto largest = std::max_element(x.begin(), x.end());
  s.argmax = static_cast<TokenId>(largest - x.begin());
  const auto log_sum = [&](double temperature) {
    double sum = 0;
    for (const double v : x) sum += std::exp((v - *largest) / temperature);
    return *largest / temperature + std::log(sum);
  };
  s.log_sum_exp = log_sum(1);
  s.log_prob = t - s.log_sum_exp;
  double square = 0;
  for (const double v : x) {
    const double log_p = v - s.log_sum_exp, p = std::exp(log_p);
    s.mean_log_prob += p * log_p;
    square += p * log_p * log_p;
  }
  s.entropy = -s.mean_log_prob;
  s.variance_log_prob = square - s.mean_log_prob * s.mean_log_prob;
  for (const double temperature : questions.temperatures)
    s.log_sum_exps.push_back(log_sum(temperature));
  std::vector<TokenId> ids(x.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<TokenId>(i);
  std::stable_sort(ids.begin(), ids.end(), [&](TokenId a, TokenId b) {
    return x[static_cast<std::size_t>(a)] > x[static_cast<std::size_t>(b)];
  });
  for (int i = 0; i < questions.top; ++i) {
    s.top_ids.push_back(ids[static_cast<std::size_t>(i)]);
    s.top_logits.push_back(row[s.top_ids.back()]);
  }
  return s;
}

void check_same(const RowSummary& found, const RowSummary& expected) {
  CHECK(found.finite);
  CHECK(found.target_logit == expected.target_logit);
  CHECK(found.gap == expected.gap);
  CHECK(found.rank == expected.rank);
  CHECK(found.ties == expected.ties);
  CHECK(found.argmax == expected.argmax);
  const auto near = [](double a, double b, double tolerance) {
    CAPTURE(a, b);
    CHECK(std::abs(a - b) < tolerance);
  };
  near(found.log_sum_exp, expected.log_sum_exp, 1e-6);
  near(found.log_prob, expected.log_prob, 1e-6);
  near(found.entropy, expected.entropy, 3e-6);
  near(found.mean_log_prob, expected.mean_log_prob, 3e-6);
  near(found.variance_log_prob, expected.variance_log_prob, 3e-5);
  REQUIRE(found.log_sum_exps.size() == expected.log_sum_exps.size());
  for (std::size_t i = 0; i < expected.log_sum_exps.size(); ++i)
    near(found.log_sum_exps[i], expected.log_sum_exps[i], 2e-6);
  CHECK(found.top_ids == expected.top_ids);
  CHECK(found.top_logits == expected.top_logits);
}

TEST_CASE("tiles and whole rows say what the definition says", "[statistics]") {
  const auto [spread, grid] =
      GENERATE(table<float, float>({{1, 0}, {8, 0}, {30, 0}, {3, 0.25F}, {8, 2}}));
  const at::Tensor logits = random_logits(24, 1, spread, grid);
  const RowQuestions questions = questions_for(24);
  const std::vector<RowSummary> whole = summarise_rows(logits, questions, 0);
  for (const kernels::Table* table : kernels::available()) {
    CAPTURE(table->name, spread, grid);
    const TiledStatistics::Result result = tiled(logits, questions, *table);
    for (std::size_t i = 0; i < 24; ++i) {
      CAPTURE(i);
      const RowSummary expected =
          by_definition(logits.const_data_ptr<float>() + static_cast<std::int64_t>(i) * kVocabulary,
                        questions.targets[i], questions);
      check_same(whole[i], expected);
      const auto row = static_cast<std::int64_t>(i);
      if (std::find(result.open.begin(), result.open.end(), row) != result.open.end()) {
        CHECK(expected.ties > kernels::kMaxBand - 1);  // only a crowd of equals is left open
        continue;
      }
      check_same(result.rows[i], expected);
    }
  }
}

TEST_CASE("a target that is the best, the last or shares the best place", "[statistics]") {
  for (const kernels::Table* table : kernels::available()) {
    CAPTURE(table->name);
    at::Tensor logits = random_logits(4, 2, 2, 0);
    float* data = logits.mutable_data_ptr<float>();
    const RowQuestions questions{{0, 1002, 500, 500}, {}, 0};
    data[0] = 90;                      // alone in front, the first id
    data[kVocabulary + 1002] = -90;    // behind all, the last id
    data[2 * kVocabulary + 500] = 90;  // shares the first place with a higher id
    data[2 * kVocabulary + 800] = 90;
    data[3 * kVocabulary + 500] = 90;  // shares it with a lower id
    data[3 * kVocabulary + 20] = 90;
    const std::vector<RowSummary> rows = tiled(logits, questions, *table).rows;
    CHECK(rows[0].rank == 1);
    CHECK(rows[0].argmax == 0);
    CHECK(rows[0].gap > 70);
    CHECK(rows[1].rank == kVocabulary);
    CHECK(rows[1].gap < -80);
    CHECK(rows[2].rank == 1);
    CHECK(rows[2].ties == 1);
    CHECK(rows[2].gap == 0);
    CHECK(rows[2].argmax == 500);
    CHECK(rows[3].rank == 1);
    CHECK(rows[3].argmax == 20);
  }
}

TEST_CASE("logits that are NaN or infinite mark their row and no other", "[statistics]") {
  const float bad =
      GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
               -std::numeric_limits<float>::infinity());
  const std::int64_t place = GENERATE(0, 7, 500, 1002);
  for (const kernels::Table* table : kernels::available()) {
    CAPTURE(table->name, bad, place);
    at::Tensor logits = random_logits(3, 3, 2, 0);
    logits.mutable_data_ptr<float>()[kVocabulary + place] = bad;
    const RowQuestions questions{{7, 7, 7}, {}, 0};
    const std::vector<RowSummary> rows = tiled(logits, questions, *table).rows;
    const std::vector<RowSummary> whole = summarise_rows(logits, questions, 0);
    for (const std::size_t i : {0U, 1U, 2U}) {
      CHECK(rows[i].finite == (i != 1));
      CHECK(whole[i].finite == (i != 1));
    }
  }
}

TEST_CASE("a row is left open rather than answered from a wrong guess of its target's logit",
          "[statistics]") {
  const at::Tensor logits = random_logits(6, 4, 2, 0);
  const RowQuestions questions = questions_for(6, 0);
  for (const kernels::Table* table : kernels::available()) {
    CAPTURE(table->name);
    CHECK(tiled(logits, questions, *table, 150, 0.5F).open.size() == 6);
    CHECK(tiled(logits, questions, *table, 150, 5e-5F).open.empty());
    CHECK(tiled(logits, questions, *table, 150, 0, 100).open.size() == 6);  // a band of all tokens
  }
}

TEST_CASE("the width of the tiles moves nothing", "[statistics]") {
  const at::Tensor logits = random_logits(8, 5, 6, 0);
  const RowQuestions questions = questions_for(8);
  const auto& table = *kernels::available()[0];
  const std::vector<RowSummary> one = tiled(logits, questions, table, kVocabulary).rows;
  for (const std::int64_t width : {1, 17, 64, 900}) {
    const std::vector<RowSummary> many = tiled(logits, questions, table, width).rows;
    for (std::size_t i = 0; i < one.size(); ++i) {
      CHECK(many[i].rank == one[i].rank);
      CHECK(many[i].top_ids == one[i].top_ids);
      CHECK(std::abs(many[i].log_prob - one[i].log_prob) < 1e-6);
      CHECK(std::abs(many[i].variance_log_prob - one[i].variance_log_prob) < 1e-5);
    }
  }
}

}  // namespace
}  // namespace souvenir
