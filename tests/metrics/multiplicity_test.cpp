#include "metrics/multiplicity.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "metrics/rng.h"
#include "tests/metrics/known_answers.h"

using souvenir::benjamini_hochberg;
using souvenir::holm;

TEST_CASE("holm multiplies by the number still standing and never falls", "[multiplicity]") {
  CHECK(holm(std::vector<double>{0.01, 0.04, 0.03, 0.005}) ==
        std::vector<double>{0.03, 0.06, 0.06, 0.02});
  CHECK(holm(std::vector<double>{0.2}) == std::vector<double>{0.2});
  CHECK(holm(std::vector<double>{0.6, 0.9}) == std::vector<double>{1.0, 1.0});
  CHECK(holm(std::vector<double>{}).empty());
}

// The ordered p-values of Benjamini and Hochberg's 25-test example, of which the first matter here.
TEST_CASE("holm gives the known answers on a published example", "[multiplicity]") {
  std::vector<double> p{0.001, 0.008, 0.039, 0.041};
  while (p.size() < 25) p.push_back(0.5);
  const std::vector<double> adjusted = holm(p);
  CHECK(adjusted[0] == near(0.025));
  CHECK(adjusted[1] == near(0.192));
  CHECK(adjusted[2] == near(0.897));
  CHECK(adjusted[3] == near(0.902));
}

// 8 true nulls, 20,000 families at 5 %: above 5.7 % has a chance below 3e-6.
TEST_CASE("holm rejects something false in at most one family of twenty", "[multiplicity]") {
  souvenir::Rng rng(8, "holm");
  int families = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<double> p(8);
    for (double& x : p) x = rng.uniform01();
    bool rejected = false;
    for (const double x : holm(p)) rejected = rejected || x < 0.05;
    families += rejected ? 1 : 0;
  }
  CHECK(families <= 0.057 * 20000);
  CHECK(families >= 0.035 * 20000);  // and the adjustment is not needlessly harsh
}

TEST_CASE("what is no p-value is refused by holm", "[multiplicity]") {
  const double bad = GENERATE(-0.1, 1.1, std::numeric_limits<double>::quiet_NaN());
  CHECK_THROWS_AS(holm(std::vector<double>{0.5, bad}), std::invalid_argument);
}

// The same example: its first eight adjusted values.
TEST_CASE("Benjamini and Hochberg give the known answers on their own example", "[multiplicity]") {
  const std::vector<double> p{.001, .008, .039, .041, .042, .06,  .074, .205, .212,
                              .216, .222, .251, .269, .275, .34,  .341, .384, .569,
                              .594, .696, .762, .94,  .942, .975, .986};
  const std::vector<double> adjusted = benjamini_hochberg(p);
  const std::vector<double> known{.025, .1, .21, .21, .21, .25};
  for (std::size_t i = 0; i < known.size(); ++i) CHECK(adjusted[i] == near(known[i]));
  CHECK(adjusted[6] == Approx(.264286).epsilon(1e-5));
  CHECK(adjusted[7] == Approx(.491071).epsilon(1e-5));
  CHECK(std::count_if(adjusted.begin(), adjusted.end(), [](double x) { return x < .05; }) == 1);
  const auto known_list = known_answers("conformal").at("bh");
  const auto ten = known_list.at("p").get<std::vector<double>>();
  const std::vector<double> rejected = benjamini_hochberg(ten);
  CHECK(std::count_if(rejected.begin(), rejected.end(), [](double x) { return x <= .05; }) ==
        known_list.at("rejected").get<std::ptrdiff_t>());
  CHECK(benjamini_hochberg(std::vector<double>{}).empty());
  CHECK_THROWS_AS(benjamini_hochberg(std::vector<double>{1.5}), std::invalid_argument);
}
