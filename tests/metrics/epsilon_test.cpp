#include "metrics/epsilon.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "tests/metrics/known_answers.h"

using namespace souvenir;

TEST_CASE("one-run p-values are the known ones", "[epsilon]") {
  struct Row {
    OneRunGuesses guesses;
    double epsilon, delta, p;
  };
  const auto row = GENERATE(values<Row>({
      {{10, 10, 10}, 0, 0, .0009765625},
      {{10, 10, 10}, 1, 0, .0436035427941287},
      {{10, 10, 10}, 1, 1e-3, .0481799759883955},
      {{100, 100, 75}, 0, 0, 2.8181410171027e-07},
      {{100, 100, 75}, 1, 0, .38272186725513},
      {{100, 100, 75}, 1, 1e-5, .382900193727115},
      {{1000, 600, 600}, 5, 1e-5, .0208500003764234},
      {{1000, 1000, 600}, .25, 0, .00851250435814708},
      {{1000, 1000, 600}, .25, 1e-5, .00882671030281087},
      {{1000, 100, 80}, 1, 1e-2, 1},
  }));
  CAPTURE(row.guesses.canaries, row.guesses.guesses, row.guesses.correct, row.epsilon, row.delta);
  CHECK(one_run_p_value(row.guesses, row.epsilon, row.delta) == near(row.p));
}

TEST_CASE("one-run lower bounds are the known ones", "[epsilon]") {
  struct Row {
    OneRunGuesses guesses;
    double delta, alpha, epsilon;
  };
  const auto row = GENERATE(values<Row>({
      {{100, 100, 100}, 0, .05, 3.4929654312},
      {{1000, 100, 80}, 1e-5, .05, 0.9553185350},
      {{100, 100, 100}, 1e-5, .05, 3.4902159553},
      {{1000, 100, 90}, 1e-5, .05, 1.6261434807},
      {{1000, 600, 600}, 1e-5, .05, 5.2703994635},
      {{1000, 100, 95}, 1e-5, .05, 2.1651757997},
      {{1000, 1000, 1000}, 0, .05, 5.8090683385},
      {{1000, 100, 99}, 1e-5, .05, 3.0028323653},
      {{1000, 1000, 1000}, 1e-5, .05, 5.7822831354},
      {{1000, 100, 100}, 1e-5, .05, 3.4653763478},
      {{1000, 1000, 600}, 0, .05, 0.2974679236},
      {{1000, 10, 10}, 1e-5, .05, 1.0149862039},
      {{1000, 1000, 600}, 1e-5, .05, 0.2972269537},
      {{1000, 10, 9}, 0, .05, 0.4298451772},
      {{1000, 1000, 500}, 1e-5, .05, 0},
      {{100, 50, 45}, 1e-5, .05, 1.3927909844},
      {{1000, 1000, 527}, 0, .05, 0.0019862859},
      {{100, 50, 45}, 1e-3, .05, 1.3037900702},
      {{5000, 500, 450}, 1e-5, .05, 1.9414204321},
      {{100, 50, 45}, 1e-2, .05, 0},
      {{5000, 500, 450}, 1e-5, .01, 1.8342898148},
      {{10000, 1000, 900}, 1e-6, .05, 2.0206455959},
      {{100000, 1500, 1429}, 1e-5, .05, 2.6687544936},
      {{10, 10, 10}, 0, .05, 1.051873233232},
      {{50, 50, 50}, 0, .05, 2.784727413271},
      {{100, 100, 100}, 0, .01, 3.054876345843},
      {{600, 600, 600}, 0, .05, 5.297243472585},
  }));
  CAPTURE(row.guesses.canaries, row.guesses.guesses, row.guesses.correct, row.delta);
  CHECK(one_run_epsilon(row.guesses, row.delta, row.alpha) == Approx(row.epsilon).margin(2e-9));
}

TEST_CASE("what a number of guesses can prove has a closed form", "[epsilon]") {
  for (const int r : {10, 50, 1000}) {
    const double power = std::pow(.05, 1.0 / r);
    CHECK(largest_provable_epsilon(r, r, 0.0, .05) ==
          Approx(std::log(power / (1.0 - power))).epsilon(1e-9));
  }
}

TEST_CASE("an estimate is a one-sided bound, or says why there is none", "[epsilon]") {
  const Estimate estimate = one_run_estimate({1000, 100, 90}, 1e-5);
  CHECK(*estimate.value == Approx(1.6261434807).margin(1e-8));
  CHECK(*estimate.bound_low == *estimate.value);
  CHECK_FALSE(estimate.bound_high);
  CHECK(estimate.sides == Sides::one);
  CHECK(estimate.unit == "epsilon");
  CHECK(estimate.count == 90);
  CHECK(*estimate.p_value < 1e-3);
  CHECK(*one_run_estimate({100, 50, 25}, 1e-5).value == 0.0);
  CHECK_FALSE(one_run_estimate({10, 11, 5}, 1e-5).value);
  CHECK(one_run_estimate({10, 11, 5}, 1e-5).reason.find("more guesses (11)") != std::string::npos);
  CHECK_FALSE(one_run_estimate({10, 0, 0}, 1e-5).value);
}

TEST_CASE("guesses that cannot be are refused", "[epsilon]") {
  CHECK_THROWS_AS(one_run_p_value({10, 11, 5}, 1.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(one_run_p_value({10, 5, 6}, 1.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(one_run_p_value({0, 0, 0}, 1.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(one_run_p_value({10, 5, 5}, -1.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(one_run_p_value({10, 5, 5}, 1.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(one_run_epsilon({10, 5, 5}, 0.0, 0.0), std::invalid_argument);
}
