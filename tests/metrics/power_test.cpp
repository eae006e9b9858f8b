#include "metrics/power.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "tests/metrics/known_answers.h"

using namespace souvenir;

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
