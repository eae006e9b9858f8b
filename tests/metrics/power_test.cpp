#include "metrics/power.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "tests/metrics/known_answers.h"

using namespace souvenir;

TEST_CASE("standard errors of areas are the known ones", "[power]") {
  CHECK(auc_error(.77, 10, 10) == near(.108098930008));
  // Half the width of a 95 % interval around an area of one half, to the digits given.
  const auto [n, half] = GENERATE(table<double, double>(
      {{100, .0802}, {200, .0567}, {500, .0358}, {1000, .0253}, {5000, .0113}}));
  CHECK(1.96 * null_auc_error(n, n) == Approx(half).margin(5e-5));
  CHECK_THROWS_AS(auc_error(1.1, 10, 10), std::invalid_argument);
  CHECK_THROWS_AS(null_auc_error(0, 10), std::invalid_argument);
}

// For 80 % power at a one-sided 5 %.
TEST_CASE("the detectable area is the known one", "[power]") {
  const auto [n, area] =
      GENERATE(table<int, double>({{2575, .52}, {411, .55}, {102, .6}, {25, .7}}));
  CAPTURE(area);
  CHECK(*detectable_auc(n, n) <= area);
  CHECK(*detectable_auc(n - 1, n - 1) > area);
}

TEST_CASE("few strings can show nothing", "[power]") {
  CHECK_FALSE(detectable_auc(0, 100));
  CHECK_FALSE(detectable_auc(1, 1));
  CHECK(*detectable_auc(10, 1000) > *detectable_auc(20, 1000));
  CHECK_THROWS_AS(detectable_auc(-1, 5), std::invalid_argument);
}

TEST_CASE("the detectable rate is where no hit would be a surprise", "[power]") {
  CHECK(detectable_rate(100) == near(0.029513049607));
  CHECK(detectable_rate(30) == near(0.0950338528553));
  CHECK_THROWS_AS(detectable_rate(0), std::invalid_argument);
}

// scipy's chi-squared quantiles.
TEST_CASE("the detectable mean exposure falls with the number of canaries", "[power]") {
  CHECK(detectable_mean_exposure(1) == near(4.321928094887363));
  CHECK(detectable_mean_exposure(10) == near(2.2657837848273883));
  CHECK(detectable_mean_exposure(50, .01) == near(1.9592768603822057));
  CHECK_THROWS_AS(detectable_mean_exposure(0), std::invalid_argument);
}

TEST_CASE("the measurable exposure is that of the ranked", "[power]") {
  CHECK(measurable_exposure(16.0, true, 0) == 16.0);
  CHECK(measurable_exposure(30.0, false, 1023) == near(10.0));
  CHECK(measurable_exposure(3.0, false, 1023) == 3.0);
}
