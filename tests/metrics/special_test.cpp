#include "metrics/special.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "metrics/rng.h"
#include "tests/metrics/known_answers.h"

using namespace souvenir;

TEST_CASE("the incomplete beta function gives the known answers", "[special]") {
  const auto [a, b, x, expected] = GENERATE(table<double, double, double, double>({
      {0.5, 0.5, 0.3, 0.369010119565545},
      {2, 3, 0.4, 0.5248},
      {10, 1, 0.9, 0.3486784401},
      {600, 1, 0.995, 0.0494138221100253},
      {1000, 500, 0.66, 0.290499935410032},
      {5, 96, 0.05, 0.564018699314291},
      {60, 41, 0.5, 0.0284439668204904},
      {600, 401, 0.5, 1.36423207803299e-10},
      {10, 1, 0.5, 9.765625e-4},
      {12, 39, 0.1, 0.00321992113590991},  // at least 12 of 50 at a rate of 0.1
  }));
  CAPTURE(a, b, x);
  CHECK(beta_cdf(a, b, x) == near(expected));
  CHECK(beta_quantile(a, b, expected) == near(x));
  CHECK(beta_quantile_upper(b, a, expected) == near(1.0 - x));
}

TEST_CASE("quantiles invert the distribution over seven decades of counts and far tails",
          "[special]") {
  Rng rng(6, "quantiles");
  for (int i = 0; i < 3000; ++i) {
    const double n = std::pow(10.0, 7.0 * rng.uniform01());
    const double a = n * std::pow(rng.uniform01(), 4.0) + 0.5;
    const double b = n - n * std::pow(rng.uniform01(), 4.0) + 0.5;
    const double p = std::pow(10.0, -20.0 * rng.uniform01());
    CAPTURE(a, b, p);
    const double lower = beta_quantile(a, b, p);
    if (lower > 1e-280 && 1.0 - lower > 1e-6) {
      CHECK(beta_cdf(a, b, lower) == Approx(p).epsilon(1e-8));
    }
    // The upper tail is the lower one of the mirrored distribution.
    const double upper = beta_quantile_upper(a, b, p);
    CHECK(1.0 - upper == Approx(beta_quantile(b, a, p)).epsilon(1e-9).margin(1e-15));
  }
}

TEST_CASE("quantiles too small for a double are zero", "[special]") {
  CHECK(beta_quantile(0.001, 5.0, 1e-6) == Approx(0.0).margin(1e-300));
  CHECK(beta_quantile(5.0, 96.0, 1e-300) > 0.0);
  CHECK(beta_quantile(3.0, 4.0, 0.0) == 0.0);
  CHECK(beta_quantile(3.0, 4.0, 1.0) == 1.0);
  CHECK(beta_quantile_upper(3.0, 4.0, 0.0) == 1.0);
}

TEST_CASE("normal and Student quantiles give the known answers", "[special]") {
  CHECK(normal_quantile(0.975) == near(1.959963984540054));
  CHECK(normal_quantile(0.995) == near(2.5758293035489));
  CHECK(normal_quantile(0.95) == near(1.644853626951472));
  CHECK(normal_quantile(0.9999) == near(3.719016485455709));
  CHECK(normal_quantile(1e-10) == near(-6.361340902404056));
  CHECK(student_t_quantile(1, 0.975) == near(12.706204736174694));
  CHECK(student_t_quantile(2, 0.95) == near(2.919985580353725));
  CHECK(student_t_quantile(10, 1.0 - 0.0366940173853702) == near(2.0));
  CHECK(student_t_quantile(14, 1.0 - .00608376916645) == near(2.87765010408859));
  CHECK(student_t_quantile(5, 1.0 - .00205235799002666) == near(5.0));
  CHECK(student_t_quantile(3, 1.0 - .325723982424076) == near(.5));
  CHECK(student_t_quantile(99, 0.975) == near(1.9842169515086827));
  CHECK(student_t_quantile(1e6, 0.975) == near(1.9599663568862905));
  CHECK(student_t_quantile(2147483646.0, 0.975) == near(1.959963985644));
}

TEST_CASE("what no distribution has is refused", "[special]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double bad = GENERATE(-0.1, 1.1, std::numeric_limits<double>::quiet_NaN());
  CHECK_THROWS_AS(beta_quantile(1, 1, bad), std::invalid_argument);
  CHECK_THROWS_AS(beta_quantile_upper(1, 1, bad), std::invalid_argument);
  CHECK_THROWS_AS(beta_cdf(1, 1, bad), std::invalid_argument);
  CHECK_THROWS_AS(normal_quantile(bad), std::invalid_argument);
  CHECK_THROWS_AS(student_t_quantile(1, bad), std::invalid_argument);
  CHECK_THROWS_AS(beta_quantile(0, 1, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(beta_quantile(1, nan, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(beta_quantile_upper(1, -1, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(student_t_quantile(0, 0.5), std::invalid_argument);
}

TEST_CASE("normal and chi-squared tails are the known ones", "[special]") {
  using namespace souvenir;
  CHECK(chi_squared_upper(6, 14.837161805496255) == near(.0215617513248346));
  CHECK(chi_squared_upper(50, 100) == near(3.45493138298487e-05));
  CHECK(chi_squared_upper(2, 0) == 1.0);
  CHECK(chi_squared_quantile_upper(6, .0215617513248346) == near(14.837161805496255));
  CHECK(normal_upper(1.959963984540054) == near(.025));
  CHECK(normal_upper(-6.361340902404056) == near(1.0 - 1e-10));
  CHECK(std::exp(normal_log_cdf(-6.361340902404056)) == near(1e-10));
  // mpmath, 50 digits, in bits.
  CHECK(normal_log_cdf(-5.0) / std::log(2.0) == near(-21.734198474007734));
  CHECK(normal_log_cdf(-10.0) / std::log(2.0) == near(-76.79651110679066));
  CHECK(normal_log_cdf(-40.0) / std::log(2.0) == near(-1160.80460915063766));
  CHECK(normal_log_cdf(-36.99999) - normal_log_cdf(-37.00001) ==
        Approx(2e-5 * 37.027).epsilon(1e-6));
  CHECK(normal_log_cdf(40.0) == 0.0);
  CHECK_THROWS_AS(normal_log_cdf(std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(chi_squared_upper(0, 1), std::invalid_argument);
  CHECK_THROWS_AS(chi_squared_quantile_upper(2, 0), std::invalid_argument);
}
