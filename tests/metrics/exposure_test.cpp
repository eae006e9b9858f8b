#include "metrics/exposure.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "metrics/rng.h"
#include "tests/metrics/known_answers.h"

using namespace souvenir;

TEST_CASE("enumerated exposure is the known one", "[exposure]") {
  CHECK(enumerated_exposure(std::log2(1000.0), 1) == near(9.965784284662));
  CHECK(enumerated_exposure(std::log2(1000.0), 2) == near(8.965784284662));
  CHECK(enumerated_exposure(std::log2(1e6), 1) == near(19.931568569324));
  for (const auto& row : known_answers("exposure_max")) {
    const std::string space = row.at("space").get<std::string>();
    const auto power = space.find('^');
    const double log2_size = std::stod(space.substr(power + 1)) * std::log2(std::stod(space));
    CAPTURE(space);
    CHECK(enumerated_exposure(log2_size, 1) == near(row.at("bits")));
  }
  CHECK(enumerated_exposure(std::log2(16.0), 16) == 0.0);
  CHECK_THROWS_AS(enumerated_exposure(4.0, 17), std::invalid_argument);
  CHECK_THROWS_AS(enumerated_exposure(4.0, 0.5), std::invalid_argument);
}

TEST_CASE("sampled exposure counts the canary among the ranked, and ties by half", "[exposure]") {
  const auto known = known_answers("exposure_tfp").at("canonical_N_plus_1");
  CHECK(sampled_exposure(16, 1) == near(known[0].at("exposure")));
  CHECK(sampled_exposure(16, 17) == Approx(known[1].at("exposure").get<double>()).margin(1e-15));
  CHECK(sampled_exposure(16, 4) == near(known[2].at("exposure")));
  // TensorFlow Privacy leaves the canary out of the size: log2(17 / 16) bits less.
  const auto others = known_answers("exposure_tfp").at("cases");
  const std::vector<double> ranks{1, 1, 17, 4};
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    CHECK(sampled_exposure(16, ranks[i]) - std::log2(17.0 / 16.0) ==
          near(others[i].at("exposure")));
  }
  // The first of 999 references and itself: a chance of one in a thousand.
  CHECK(std::exp2(-sampled_exposure(999, 1)) == near(.001));
  // References 1 to 16, perplexity 4: three below, one tie.
  CHECK(sampled_exposure(16, 1 + 3 + .5) == near(known[3].at("midrank_exposure_N1")));
  CHECK_THROWS_AS(sampled_exposure(16, 17.5), std::invalid_argument);
  CHECK_THROWS_AS(sampled_exposure(0, 1), std::invalid_argument);
}

TEST_CASE("a sampled rank bounds the exposure by Clopper and Pearson", "[exposure]") {
  for (const auto& row : known_answers("exposure_ci")) {
    const auto n = row.at("N").get<std::int64_t>();
    const double rank = 1.0 + row.at("better").get<double>();
    CHECK(sampled_exposure(n, rank) == near(row.at("point_N1")));
    CHECK(sampled_exposure_lower(n, rank, .95) == near(row.at("lower95_one_sided")));
    const ExposureLimits limits = sampled_exposure_limits(n, rank, std::nullopt, .95);
    CHECK(limits.low == near(row.at("lower95_two_sided")));
    CHECK_FALSE(limits.high);  // nothing beat it: no upper limit
  }
  // 1 of 100 beaten: limits .000253146032977 and .0544593853921 of the share.
  const ExposureLimits limits = sampled_exposure_limits(100, 2, 11.0, .95);
  CHECK(limits.low == near(-std::log2(.0544593853921)));
  CHECK(*limits.high == 11.0);
  CHECK(*sampled_exposure_limits(100, 2, 20.0, .95).high == near(-std::log2(.000253146032977)));
}

TEST_CASE("exposures together have a chance", "[exposure]") {
  const std::vector<double> ten(10, 3.0);
  CHECK(chance_of_exposures(ten) == near(.0031275838822510));
  CHECK(chance_of_exposures({}) == 1.0);
  CHECK(chance_of_exposures(std::vector<double>{0.0}) == 1.0);
  CHECK(chance_of_exposures(std::vector<double>{4.321928094887363}) == near(.05));
  CHECK(chance_of_exposures(std::vector<double>{6.643856189775}) == near(.01));
  // Fisher's combination of the p-values .01, .2 and .3.
  CHECK(chance_of_exposures(std::vector<double>{-std::log2(.01), -std::log2(.2), -std::log2(.3)}) ==
        near(.021561751324835));
}

TEST_CASE("a median has the limits of order statistics", "[exposure]") {
  std::vector<double> exposures;
  for (int i = 20; i > 0; --i) exposures.push_back(i);
  const Estimate result = median_exposure(exposures);
  CHECK(*result.value == 10.5);
  // Conover's table for n = 20: the 6th and 15th at 95 %; the 6th one-sided (P[Bin <= 5] = .0207).
  CHECK(*result.low == 6.0);
  CHECK(*result.high == 15.0);
  CHECK(*result.bound_low == 6.0);
  const Estimate few = median_exposure({1.0, 2.0, 3.0, 4.0});
  CHECK(*few.value == 2.5);
  CHECK_FALSE(few.low);
  CHECK_FALSE(few.bound_low);  // 2^-4 is above 5 %
  CHECK(*median_exposure({1.0, 2.0, 3.0, 4.0, 5.0}).bound_low == 1.0);
  CHECK_FALSE(median_exposure({}).value);
}

// 400 losses from a skew-normal: a chance of 5 % of a refused fit; this seed is one of the others.
TEST_CASE("extrapolation follows a fit that holds and refuses one that does not", "[exposure]") {
  Rng rng(11, "extrapolation");
  std::vector<double> good;
  std::vector<double> two_humps;
  for (int i = 0; i < 400; ++i) {
    double normal = -6.0;
    for (int k = 0; k < 12; ++k) normal += rng.uniform01();
    good.push_back(20.0 + 2.0 * normal);
    two_humps.push_back(i % 2 == 0 ? 10.0 + .1 * normal : 20.0 + .1 * normal);
  }
  const ExtrapolatedExposure far = extrapolated_exposure(good, 4.0, 1);
  REQUIRE(far.bits);
  CHECK(*far.bits > 30.0);  // eight deviations below: 50.5 bits of a normal
  CHECK(*far.bits < 100.0);
  CHECK(far.goodness->p_value >= .05);
  CHECK(*extrapolated_exposure(good, 4.0, 1).bits == *far.bits);
  CHECK(*extrapolated_exposure(good, 26.0, 1).bits < 1.0);
  const ExtrapolatedExposure refused = extrapolated_exposure(two_humps, 4.0, 1);
  CHECK_FALSE(refused.bits);
  CHECK_FALSE(refused.reason.empty());
  CHECK_FALSE(extrapolated_exposure(std::vector<double>(100, 1.0), 0.0, 1).bits);
  CHECK_FALSE(extrapolated_exposure(std::vector<double>{1, 2, 3}, 0.0, 1).bits);
}
