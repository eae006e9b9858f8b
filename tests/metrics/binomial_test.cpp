#include "metrics/binomial.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <tuple>

#include "metrics/rng.h"
#include "tests/metrics/known_answers.h"

using namespace souvenir;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double log_choose(int n, int k) {
  return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
}

double mass(int n, int k, double p) {
  if (p <= 0.0) return k == 0 ? 1.0 : 0.0;
  if (p >= 1.0) return k == n ? 1.0 : 0.0;
  return std::exp(log_choose(n, k) + k * std::log(p) + (n - k) * std::log1p(-p));
}

// P[Bin(n, p) in [from, to]], added up.
double between(int n, int from, int to, double p) {
  double sum = 0.0;
  for (int k = from; k <= to; ++k) sum += mass(n, k, p);
  return sum;
}

}  // namespace

TEST_CASE("intervals of rates are the known answers", "[binomial]") {
  for (const auto& row : known_answers("ci")) {
    const Trials trials{.hits = row.at("k").get<double>(), .n = row.at("n").get<double>()};
    CAPTURE(trials.hits, trials.n);
    const Interval cp = clopper_pearson(trials, 0.95);
    CHECK(cp.low == near(exact(row.at("cp95")[0])));
    CHECK(cp.high == near(exact(row.at("cp95")[1])));
    const Interval score = wilson(trials, 0.95);
    CHECK(score.low == near(exact(row.at("wilson95")[0])));
    CHECK(score.high == near(exact(row.at("wilson95")[1])));
    if (!row.at("cp_upper_onesided95").is_null()) {
      CHECK(clopper_pearson_upper(trials, 0.95) == near(exact(row.at("cp_upper_onesided95"))));
    }
  }
}

// Reference values computed with 25 digits.
TEST_CASE("one-sided bounds of rates are the known answers", "[binomial]") {
  const auto [hits, n, upper, lower] = GENERATE(table<double, double, double, double>({
      {0, 10, 0.258865550893, 0.0},
      {0, 30, 0.0950338528553, 0.0},
      {0, 300, 0.00993608194446, 0.0},
      {0, 3000, 0.000998079011997, 0.0},
      {1, 10, 0.394163302437, 0.00511619689182},
      {1, 100, 0.0465598114535, 0.000512801416262},
      {5, 10, 0.777558898992, 0.222441101008},
      {5, 100, 0.102253377643, 0.0199055636622},
      {3, 1000, 0.00773524471848, 0.000818175398222},
      {10, 1000, 0.0169031751206, 0.00543514014471},
      {50, 100, 0.586378285369, 0.413621714631},
      {99, 100, 0.999487198584, 0.953440188546},
      {100, 100, 1.0, 0.970486950393},
      {1, 1e6, 4.74385563821e-06, 5.1293293072e-08},
  }));
  CAPTURE(hits, n);
  CHECK(clopper_pearson_upper({hits, n}, 0.95) == near(upper));
  CHECK(clopper_pearson_lower({hits, n}, 0.95) == near(lower));
}

TEST_CASE("two-sided limits of rates are the known answers", "[binomial]") {
  const auto [hits, n, low, high] = GENERATE(table<double, double, double, double>({
      {0, 10, 0.0, 0.308497107819},
      {0, 30, 0.0, 0.115703308222},
      {1, 10, 0.00252857854446, 0.445016117028},
      {5, 10, 0.187086028447, 0.812913971553},
      {5, 100, 0.0164318791821, 0.112834911105},
      {3, 1000, 0.00061909993165, 0.00874202323848},
      {10, 1000, 0.00480551069105, 0.0183132430551},
      {50, 100, 0.398321129503, 0.601678870497},
      {99, 100, 0.945540614608, 0.999746853967},
      {100, 100, 0.963783307355, 1.0},
      {1, 1e6, 2.53178076638e-08, 5.57163065517e-06},
  }));
  CAPTURE(hits, n);
  const Interval limits = clopper_pearson({hits, n}, 0.95);
  CHECK(limits.low == near(low));
  CHECK(limits.high == near(high));
  CHECK(wilson({5, 100}, 0.95).low == near(.0215436791544));
  CHECK(wilson({5, 100}, 0.95).high == near(.111750469232));
}

TEST_CASE("the rule of three is exact at 95 and 99 %", "[binomial]") {
  const auto [n, at_95, at_99] = GENERATE(table<double, double, double>({
      {30, .0950338528553, .142304101409},
      {100, .029513049607, .0450074139786},
      {300, .00993608194446, .0152333478898},
      {1000, .0029912495451, .00459458264847},
      {3000, .000998079011997, .00153387913172},
      {10000, .000299528359777, .000460410996912},
  }));
  CAPTURE(n);
  CHECK(clopper_pearson_upper({0, n}, 0.95) == near(at_95));
  CHECK(clopper_pearson_upper({0, n}, 0.99) == near(at_99));
}

// A privacy loss is at least the logarithm of the ratio of two such bounds, each at half of alpha.
TEST_CASE("ratios of two bounds are the known ones", "[binomial]") {
  const auto [tp, p, fp, n, alpha, epsilon] =
      GENERATE(table<double, double, double, double, double, double>({
          {500, 1000, 10, 1000, .05, 3.242016592146},
          {50, 1000, 0, 1000, .05, 2.316463005851},
          {496, 1000, 10, 1000, .05, 3.233470495009},
          {42, 1000, 10, 1000, .05, .507959148272},
          {100, 110, 10, 80, .05, 1.348421116042},
          {500, 500, 0, 500, .01, 4.541915810224},
          {100, 100, 0, 100, .05, 3.2813463491},
          {500, 500, 0, 500, .05, 4.9055942100},
          {1000, 1000, 0, 1000, .05, 5.6005875313},
          {5000, 5000, 0, 5000, .05, 7.2115015398},
          {10000, 10000, 0, 10000, .05, 7.9048331814},
      }));
  CAPTURE(tp, fp, n, alpha);
  const double level = 1.0 - alpha / 2.0;
  CHECK(std::log(clopper_pearson_lower({tp, p}, level) / clopper_pearson_upper({fp, n}, level)) ==
        near(epsilon));
}

TEST_CASE("clopper-pearson inverts the binomial tail that is added up by hand", "[binomial]") {
  const int n = GENERATE(1, 2, 3, 7, 20);
  for (int k = 0; k <= n; ++k) {
    CAPTURE(n, k);
    const Interval cp = clopper_pearson({double(k), double(n)}, 0.9);
    if (k > 0) CHECK(between(n, k, n, cp.low) == near(0.05));
    if (k < n) CHECK(between(n, 0, k, cp.high) == near(0.05));
    CHECK(cp.low == near(clopper_pearson_lower({double(k), double(n)}, 0.95)));
    CHECK(cp.high == near(clopper_pearson_upper({double(k), double(n)}, 0.95)));
  }
}

// Not a simulation: the coverage itself, summed over every outcome.
TEST_CASE("clopper-pearson covers the true rate at least as often as it says", "[binomial]") {
  const int n = GENERATE(5, 30, 60);
  for (int step = 0; step <= 200; ++step) {
    const double p = step / 200.0;
    double two_sided = 0.0;
    double from_above = 0.0;
    for (int k = 0; k <= n; ++k) {
      const Trials trials{double(k), double(n)};
      const Interval cp = clopper_pearson(trials, 0.95);
      if (cp.low <= p && p <= cp.high) two_sided += mass(n, k, p);
      if (p <= clopper_pearson_upper(trials, 0.95)) from_above += mass(n, k, p);
    }
    CAPTURE(n, p);
    CHECK(two_sided >= 0.95 - 1e-9);
    CHECK(from_above >= 0.95 - 1e-9);
  }
}

TEST_CASE("effective counts give limits between those of the whole counts around them",
          "[binomial]") {
  const double n = GENERATE(10.5, 77.25, 300.001);
  const Interval real = clopper_pearson({.hits = 0.1 * n, .n = n}, 0.95);
  const Interval fewer = clopper_pearson({.hits = 0.1 * std::floor(n), .n = std::floor(n)}, 0.95);
  const Interval more = clopper_pearson({.hits = 0.1 * std::ceil(n), .n = std::ceil(n)}, 0.95);
  CHECK(fewer.low < real.low);
  CHECK(real.low < more.low);
  CHECK(more.high < real.high);
  CHECK(real.high < fewer.high);
}

TEST_CASE("the n a gate needs is the first whose bound is within the limit", "[binomial]") {
  const auto [limit, level, n] = GENERATE(table<double, double, std::int64_t>({
      {0.1, 0.95, 29},
      {0.05, 0.95, 59},
      {0.01, 0.95, 299},
      {0.005, 0.95, 598},
      {0.001, 0.95, 2995},
      {1e-4, 0.95, 29956},
      {0.1, 0.99, 44},
      {0.05, 0.99, 90},
      {0.01, 0.99, 459},
      {0.005, 0.99, 919},
      {0.001, 0.99, 4603},
      {1e-4, 0.99, 46050},
      {1.0, 0.95, 1},
  }));
  CAPTURE(limit, level);
  CHECK(n_to_pass(0, limit, level) == n);
}

TEST_CASE("the n a gate needs with hits passes, and one less does not", "[binomial]") {
  const std::int64_t hits = GENERATE(0, 1, 2, 17);
  const double limit = GENERATE(0.3, 0.01, 1e-5);
  const auto n = n_to_pass(hits, limit, 0.95);
  REQUIRE(n);
  CHECK(clopper_pearson_upper({double(hits), double(*n)}, 0.95) <= limit);
  CHECK(clopper_pearson_upper({double(hits), double(*n - 1)}, 0.95) > limit);
}

TEST_CASE("no n is enough for a limit of zero", "[binomial]") {
  CHECK_FALSE(n_to_pass(0, 0.0, 0.95));
  CHECK_FALSE(n_to_pass(3, 0.0, 0.95));
  CHECK_FALSE(n_to_pass(0, 1e-300, 0.95));
}

TEST_CASE("squaring and adding Wilson's limits is Newcombe's published interval", "[binomial]") {
  const Interval a = wilson({12, 100}, 0.95);
  const Interval b = wilson({3, 100}, 0.95);
  const Interval d = square_and_add({0.12, a.low, a.high}, {0.03, b.low, b.high});
  CHECK(d.low == near(0.016020579342256));
  CHECK(d.high == near(0.170577748583587));
}

// Reference values: the same definition with 30 digits (mpmath), limits by root finding.
TEST_CASE("differences on Clopper-Pearson limits are the known answers", "[binomial]") {
  struct Case {
    Trials a, b;
    double low, high, bound_low, bound_high;
  };
  const Case c =
      GENERATE(Case{{12, 100},
                    {3, 100},
                    0.01107683749384792,
                    0.1736826097766642,
                    0.02278531442090024,
                    0.1606073708678812},
               Case{{5, 100},
                    {0, 100},
                    0.0006191579516557968,
                    0.1128349111054628,
                    0.007849137664821232,
                    0.1022533776432745},
               Case{{1, 300},
                    {0, 300},
                    -0.009312134665118756,
                    0.01843125204806789,
                    -0.007093857579324593,
                    0.01571455489158395},
               Case{{50, 100},
                    {50, 100},
                    -0.1437956376632093,
                    0.1437956376632093,
                    -0.1221573426634981,
                    0.1221573426634981},
               Case{{10, 10}, {0, 10}, 0.5637192061698335, 1.0, 0.6339088270958628, 1.0});
  const Interval d = newcombe(c.a, c.b, 0.95);
  CHECK(d.low == near(c.low));
  CHECK(d.high == near(c.high));
  CHECK(newcombe_lower(c.a, c.b, 0.95) == near(c.bound_low));
  CHECK(newcombe_upper(c.a, c.b, 0.95) == near(c.bound_high));
  CHECK(newcombe_upper(c.b, c.a, 0.95) == near(-c.bound_low));
}

TEST_CASE("the p-value of a difference is where its lower bound crosses zero", "[binomial]") {
  CHECK(newcombe_p_value({12, 100}, {3, 100}) == near(0.012080161338242));
  CHECK(newcombe_p_value({5, 100}, {0, 100}) == near(0.023503318972375));
  CHECK(newcombe_p_value({1, 300}, {0, 300}) == near(0.41274080870935));
  CHECK(newcombe_p_value({50, 100}, {50, 100}) == 1.0);
  CHECK(newcombe_p_value({0, 10}, {0, 10}) == 1.0);
  CHECK(newcombe_p_value({3, 100}, {12, 100}) == 1.0);
  CHECK(newcombe_p_value({5000, 5000}, {0, 5000}) < 1e-250);

  const Trials a = GENERATE(Trials{12, 100}, Trials{2.5, 40.25}, Trials{100, 100}, Trials{9, 900});
  const Trials b = GENERATE(Trials{3, 100}, Trials{0, 300}, Trials{0.5, 400.5});
  const double p = newcombe_p_value(a, b);
  CAPTURE(a.hits, a.n, b.hits, b.n, p);
  for (const double alpha : {0.4, 0.05, 0.01, 1e-4, 1e-9}) {
    CHECK((p < alpha) == (newcombe_lower(a, b, 1.0 - alpha) > 0.0));
  }
}

// Equal rates; 20,000 draws. If the bound's true error is at most 5 %, more than 5.7 % of the draws
// cross with a chance below 3e-6 (4.5 standard deviations of 0.154 %).
TEST_CASE("the lower bound of a difference of equal rates is seldom above zero", "[binomial]") {
  const double p = GENERATE(0.02, 0.3);
  Rng rng(2024, "difference");
  int above = 0;
  constexpr int kDraws = 20000;
  for (int draw = 0; draw < kDraws; ++draw) {
    Trials a{0, 80};
    Trials b{0, 120};
    for (int i = 0; i < 80; ++i) a.hits += rng.uniform01() < p ? 1.0 : 0.0;
    for (int i = 0; i < 120; ++i) b.hits += rng.uniform01() < p ? 1.0 : 0.0;
    if (newcombe_lower(a, b, 0.95) > 0.0) ++above;
  }
  CHECK(above <= 0.057 * kDraws);
}

TEST_CASE("a rate carries its counts, interval and bounds", "[binomial]") {
  const Estimate e = rate(3, 1000);
  CHECK(e.value == 0.003);
  CHECK(e.count == 3);
  CHECK(e.n == 1000);
  CHECK_FALSE(e.persons);
  CHECK(e.n_effective == 1000.0);
  CHECK(*e.low == near(0.00061909993165));
  CHECK(*e.high == near(0.00874202323848));
  CHECK(*e.bound_low == near(0.000818175398222));
  CHECK(*e.bound_high == near(0.00773524471848));
  CHECK(e.unit == "probability");
  CHECK(e.sides == Sides::two);
  CHECK(e.level == 0.95);
}

TEST_CASE("a rate over nothing has a reason and no value", "[binomial]") {
  const Estimate none = rate(0, 0);
  CHECK_FALSE(none.value);
  CHECK(none.reason == "no strings");
  CHECK_FALSE(none.low);
  CHECK_FALSE(rate_difference(rate(1, 2), none).value);
  CHECK_FALSE(rate_difference(rate(1, 2), none).reason.empty());
  CHECK_FALSE(rate_difference(none, rate(1, 2)).reason.empty());
}

TEST_CASE("a difference of rates carries Newcombe's interval and its p-value", "[binomial]") {
  const Estimate d = rate_difference(rate(12, 100), rate(3, 100));
  CHECK(*d.value == near(0.09));
  CHECK(*d.low == near(0.01107683749384792));
  CHECK(*d.high == near(0.1736826097766642));
  CHECK(*d.bound_low == near(0.02278531442090024));
  CHECK(*d.bound_high == near(0.1606073708678812));
  CHECK(*d.p_value == near(0.012080161338242));
  CHECK(d.n == 100);
}

TEST_CASE("counts that are none are refused", "[binomial]") {
  const Trials bad =
      GENERATE(Trials{-1, 10}, Trials{11, 10}, Trials{0, 0}, Trials{0, -3}, Trials{kNan, 10},
               Trials{1, kNan}, Trials{1, std::numeric_limits<double>::infinity()});
  CHECK_THROWS_AS(clopper_pearson(bad, 0.95), std::invalid_argument);
  CHECK_THROWS_AS(clopper_pearson_lower(bad, 0.95), std::invalid_argument);
  CHECK_THROWS_AS(clopper_pearson_upper(bad, 0.95), std::invalid_argument);
  CHECK_THROWS_AS(wilson(bad, 0.95), std::invalid_argument);
  CHECK_THROWS_AS(newcombe(bad, {1, 2}, 0.95), std::invalid_argument);
  CHECK_THROWS_AS(newcombe_lower({1, 2}, bad, 0.95), std::invalid_argument);
  CHECK_THROWS_AS(newcombe_p_value({1, 2}, bad), std::invalid_argument);
}

TEST_CASE("levels and limits that are none are refused", "[binomial]") {
  const double level = GENERATE(0.0, 1.0, -0.5, 1.5, kNan);
  CHECK_THROWS_AS(clopper_pearson({1, 2}, level), std::invalid_argument);
  CHECK_THROWS_AS(wilson({1, 2}, level), std::invalid_argument);
  CHECK_THROWS_AS(n_to_pass(0, 0.1, level), std::invalid_argument);
  CHECK_THROWS_AS(n_to_pass(-1, 0.1, 0.95), std::invalid_argument);
  CHECK_THROWS_AS(n_to_pass(0, -0.1, 0.95), std::invalid_argument);
  CHECK_THROWS_AS(n_to_pass(0, kNan, 0.95), std::invalid_argument);
  CHECK_THROWS_AS(rate(2, 1), std::invalid_argument);
  CHECK_THROWS_AS(rate(-1, 1), std::invalid_argument);
  CHECK_THROWS_AS(rate(0, -1), std::invalid_argument);
}
