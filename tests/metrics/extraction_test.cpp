#include "metrics/extraction.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "metrics/rng.h"
#include "tests/metrics/known_answers.h"

using namespace souvenir;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

std::vector<std::uint8_t> flags(const std::string& digits) {
  std::vector<std::uint8_t> result;
  for (const char c : digits) result.push_back(c == '1' ? 1 : 0);
  return result;
}

}  // namespace

TEST_CASE("the queries needed are the known answers", "[extraction]") {
  for (const auto& row : known_answers("np_n_min")) {
    CAPTURE(row.dump());
    CHECK(queries_needed(std::log(exact(row.at("pz"))), exact(row.at("p"))) ==
          row.at("n").get<double>());
  }
}

TEST_CASE("the queries needed are those of the table by probability", "[extraction]") {
  const auto [p_z, tenth, half, nine_tenths, all_but_one] =
      GENERATE(table<double, double, double, double, double>({
          {.1, 1, 7, 22, 44},
          {.01, 11, 69, 230, 459},
          {.001, 106, 693, 2302, 4603},
      }));
  CAPTURE(p_z);
  CHECK(queries_needed(std::log(p_z), .1) == tenth);
  CHECK(queries_needed(std::log(p_z), .5) == half);
  CHECK(queries_needed(std::log(p_z), .9) == nine_tenths);
  CHECK(queries_needed(std::log(p_z), .99) == all_but_one);
}

TEST_CASE("the chance within n queries is the known answer", "[extraction]") {
  for (const auto& row : known_answers("np_P")) {
    CAPTURE(row.dump());
    const double log_p = std::log(exact(row.at("pz")));
    const double n = row.at("n").get<double>();
    CHECK(success_within(log_p, n) == near(exact(row.at("P"))));
    CHECK(log_success_within(log_p, n) == near(std::log(exact(row.at("P")))));
  }
}

TEST_CASE("the threshold of a query budget is the known answer", "[extraction]") {
  for (const auto& row : known_answers("np_tau")) {
    CAPTURE(row.dump());
    const double log_tau = log_extraction_threshold(row.at("n").get<double>(), exact(row.at("p")));
    CHECK(log_tau == near(exact(row.at("log_tau"))));
    CHECK(std::exp(log_tau) == near(exact(row.at("tau"))));
  }
}

TEST_CASE("budgets beyond a double are known by their logarithm", "[extraction]") {
  for (const auto& row : known_answers("np_log10n")) {
    CAPTURE(row.dump());
    CHECK(log10_queries_needed(exact(row.at("log_pz")), exact(row.at("p"))) ==
          near(exact(row.at("log10_n"))));
  }
  CHECK(queries_needed(-800.0, 0.9) == kInfinity);
  CHECK(queries_needed(-kInfinity, 0.9) == kInfinity);
  CHECK(log10_queries_needed(-kInfinity, 0.9) == kInfinity);
  CHECK(log_success_within(-5000.0, 1e9) == near(-5000.0 + std::log(1e9)));
  CHECK(success_within(-kInfinity, 1e18) == 0.0);
}

TEST_CASE("rates over a set of strings are the known answers", "[extraction]") {
  const auto group = known_answers("expected_rate");
  std::vector<double> log_p;
  for (const auto& p : group.at("pz")) log_p.push_back(std::log(exact(p)));
  for (const auto& row : group.at("rows")) {
    CAPTURE(row.dump());
    const double n = row.at("n").get<double>();
    CHECK(expected_extraction_rate(log_p, n) == near(exact(row.at("mean_extract"))));
    double at_half = 0.0;
    double at_nine_tenths = 0.0;
    for (const double x : log_p) {
      at_half += is_extractable(x, n, 0.5) ? 0.2 : 0.0;
      at_nine_tenths += is_extractable(x, n, 0.9) ? 0.2 : 0.0;
    }
    CHECK(at_half == near(exact(row.at("rate_p50"))));
    CHECK(at_nine_tenths == near(exact(row.at("rate_p90"))));
  }
}

TEST_CASE("queries needed, chance and threshold say the same thing", "[extraction]") {
  const double log_p = GENERATE(-1e-9, -0.1, -0.5, -3.0, -12.0, -25.0);
  const double p = GENERATE(0.05, 0.5, 0.999);
  CAPTURE(log_p, p);
  const double n = queries_needed(log_p, p);
  CHECK(success_within(log_p, n) >= p * (1.0 - 1e-12));
  CHECK(is_extractable(log_p, n, p));
  if (n > 1.0) {
    CHECK(success_within(log_p, n - 1.0) < p);
    CHECK_FALSE(is_extractable(log_p, n - 1.0, p));
  }
}

TEST_CASE("a probability exactly on the threshold counts as reached", "[extraction]") {
  CHECK(is_extractable(std::log(0.5), 1.0, 0.5));
  for (const double p_z : {0.03, 0.1, 0.2, 0.3, 0.5}) {
    for (int n = 1; n <= 12; ++n) {
      const double reached = 1.0 - std::pow(1.0 - p_z, n);
      CAPTURE(p_z, n);
      CHECK(queries_needed(std::log(p_z), reached) == n);
      CHECK(is_extractable(std::log(p_z), n, reached));
      CHECK_FALSE(is_extractable(std::log(p_z) - 1e-9, n, reached));
    }
  }
  CHECK(is_extractable(0.0, 1.0, 1.0));
  CHECK_FALSE(is_extractable(-1e-6, 1.0, 1.0));
  CHECK(queries_needed(0.0, 0.999) == 1.0);
}

TEST_CASE("one minus the naive power agrees where the naive power can be computed",
          "[extraction]") {
  Rng rng(3, "naive");
  for (int i = 0; i < 500; ++i) {
    const double p = 0.001 + 0.99 * rng.uniform01();
    const double n = 1.0 + static_cast<double>(rng.uniform_below(50));
    CAPTURE(p, n);
    CHECK(success_within(std::log(p), n) == near(1.0 - std::pow(1.0 - p, n)));
  }
}

TEST_CASE("matches are counted from both ends", "[extraction]") {
  for (const auto& row : known_answers("es_em")) {
    CAPTURE(row.dump());
    const TokenMatches m = count_matches(flags(row.at("match").get<std::string>()));
    CHECK(m.exact_memorisation() == near(exact(row.at("EM"))));
    CHECK(m.extraction_strength() == near(exact(row.at("ES_paper"))));
    CHECK(m.leading == row.at("LCP").get<std::int64_t>());
    CHECK(m.verbatim() == (row.at("EM") == 1.0));
    CHECK(m.matched_share() == near(double(m.leading) / double(m.tokens)));
  }
}

TEST_CASE("a text without tokens matches nothing", "[extraction]") {
  const TokenMatches none = count_matches({});
  CHECK_FALSE(none.verbatim());
  CHECK(none.exact_memorisation() == 0.0);
  CHECK(none.extraction_strength() == 0.0);
  CHECK(none.matched_share() == 0.0);
}

TEST_CASE("teacher forcing and free continuation are not confused", "[extraction]") {
  const auto toy = known_answers("tf_vs_free");
  std::vector<std::uint8_t> greedy;
  for (std::size_t t = 0; t < toy.at("target").size(); ++t) {
    greedy.push_back(toy.at("tf_argmax")[t] == toy.at("target")[t] ? 1 : 0);
  }
  const TokenMatches m = count_matches(greedy);
  CHECK(m.exact_memorisation() == near(exact(toy.at("TF_EM"))));
  CHECK(m.extraction_strength() == near(exact(toy.at("ES"))));
  CHECK(m.leading == toy.at("LCP").get<std::int64_t>());
  CHECK(m.verbatim() == toy.at("verbatim").get<bool>());
}

TEST_CASE("the weakest run is the known answer", "[extraction]") {
  const auto group = known_answers("inextract");
  const auto ranks = group.at("ranks").get<std::vector<std::int64_t>>();
  std::vector<double> log_probs;
  for (const auto& p : group.at("probs")) log_probs.push_back(std::log(exact(p)));
  for (const auto& row : group.at("rows")) {
    CAPTURE(row.dump());
    const auto run = weakest_run(ranks, row.at("l").get<std::size_t>(), log_probs,
                                 row.at("m").get<std::int64_t>());
    REQUIRE(run);
    CHECK(run->bits == near(exact(row.at("b"))));
    CHECK(run->start == row.at("span0").get<std::size_t>());
  }
}

TEST_CASE("without a rank limit only ranks count", "[extraction]") {
  const std::vector<std::int64_t> ranks{1, 4, 128256};
  CHECK(weakest_run(ranks, 3)->bits == near(2.0 + std::log2(128256.0)));
  CHECK(weakest_run(ranks, 1)->bits == 0.0);
  CHECK(weakest_run(ranks, 2)->bits == near(2.0));
  CHECK_FALSE(weakest_run(ranks, 4));
}

TEST_CASE("window sums are the known answers and the sums added up by hand", "[extraction]") {
  const auto group = known_answers("window");
  std::vector<double> log_probs;
  for (const auto& x : group.at("lp")) log_probs.push_back(exact(x));
  const std::vector<double> sums = window_sums(log_probs, 3);
  REQUIRE(sums.size() == group.at("suffix3").size());
  for (std::size_t i = 0; i < sums.size(); ++i)
    CHECK(sums[i] == near(exact(group.at("suffix3")[i])));

  Rng rng(4, "windows");
  std::vector<double> longer(20000);
  for (double& x : longer)
    x = std::log(rng.uniform01() + 1e-12) * (rng.uniform_below(2) ? 1 : 1e-9);
  const std::vector<double> fast = window_sums(longer, 50);
  REQUIRE(fast.size() == longer.size() - 49);
  for (std::size_t start = 0; start < fast.size(); start += 997) {
    double slow = 0.0;
    for (std::size_t t = start; t < start + 50; ++t) slow += longer[t];
    CHECK(fast[start] == Approx(slow).epsilon(1e-12));
  }
}

TEST_CASE("one impossible token spoils the windows it is in and no others", "[extraction]") {
  const std::vector<double> sums = window_sums(std::vector<double>{-1, -kInfinity, -2, -3}, 2);
  CHECK(sums == std::vector<double>{-kInfinity, -kInfinity, -5.0});
  CHECK(window_sums(std::vector<double>{-1.0}, 2).empty());
}

TEST_CASE("arguments that mean nothing are refused by the extraction formulas", "[extraction]") {
  const double log_p = GENERATE(0.1, kNotANumber, kInfinity);
  CHECK_THROWS_AS(success_within(log_p, 1), std::invalid_argument);
  CHECK_THROWS_AS(queries_needed(log_p, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(log10_queries_needed(log_p, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(is_extractable(log_p, 1, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(window_sums(std::vector<double>{log_p}, 1), std::invalid_argument);
}

TEST_CASE("budgets and probabilities that mean nothing are refused", "[extraction]") {
  const double n = GENERATE(-1.0, kNotANumber, kInfinity);
  CHECK_THROWS_AS(success_within(-1.0, n), std::invalid_argument);
  CHECK_THROWS_AS(log_extraction_threshold(n, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(log_extraction_threshold(0.5, 0.5), std::invalid_argument);
  const double p = GENERATE(0.0, -0.1, 1.1, kNotANumber);
  CHECK_THROWS_AS(queries_needed(-1.0, p), std::invalid_argument);
  CHECK_THROWS_AS(log_extraction_threshold(1, p), std::invalid_argument);
  CHECK_THROWS_AS(expected_extraction_rate({}, 1), std::invalid_argument);
  CHECK_THROWS_AS(window_sums({}, 0), std::invalid_argument);
  CHECK_THROWS_AS(weakest_run(std::vector<std::int64_t>{0}, 1), std::invalid_argument);
  CHECK_THROWS_AS(weakest_run(std::vector<std::int64_t>{25}, 1, {}, 20), std::invalid_argument);
  CHECK_THROWS_AS(weakest_run(std::vector<std::int64_t>{1}, 0), std::invalid_argument);
  CHECK_THROWS_AS(weakest_run(std::vector<std::int64_t>{1}, 1, std::vector<double>{-1, -1}),
                  std::invalid_argument);
}
