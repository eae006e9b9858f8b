// What must hold where nothing was memorised, by simulation: p-values are uniform, intervals cover,
// a proof of privacy loss is rare. Seeds are fixed; the chance that a right implementation would
// have failed with another seed stands at each bound.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "metrics/epsilon.h"
#include "metrics/exposure.h"
#include "metrics/mann_whitney.h"
#include "metrics/rng.h"
#include "metrics/roc.h"
#include "metrics/roc_curve.h"
#include "metrics/special.h"

using namespace souvenir;
using Scores = std::vector<double>;

namespace {

double normal(Rng& rng) { return normal_quantile(std::max(rng.uniform01(), 0x1.0p-54)); }

Scores normals(Rng& rng, int n, double mean = 0.0) {
  Scores scores(static_cast<std::size_t>(n));
  for (double& x : scores) x = mean + normal(rng);
  return scores;
}

// Largest distance of the empirical distribution from the uniform one.
double distance_from_uniform(Scores p) {
  std::sort(p.begin(), p.end());
  double distance = 0.0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto n = static_cast<double>(p.size());
    distance = std::max({distance, std::abs(p[i] - static_cast<double>(i) / n),
                         std::abs(p[i] - static_cast<double>(i + 1) / n)});
  }
  return distance;
}

double share_below(const Scores& p, double alpha) {
  return static_cast<double>(
             std::count_if(p.begin(), p.end(), [&](double x) { return x < alpha; })) /
         static_cast<double>(p.size());
}

}  // namespace

// 4,000 nulls. Kolmogorov's distance above .035 has a chance of 2 exp(-2 * 4000 * .035^2) = 1e-4;
// .01 of it is allowed for the normal approximation. A share below 5 % of more than 6.5 % has one
// of 1e-5.
TEST_CASE("p-values of areas are uniform where nothing is to be told apart", "[calibration]") {
  Rng rng(1, "auc null");
  Scores p;
  Scores paired;
  for (int i = 0; i < 4000; ++i) {
    const Scores pos = normals(rng, 50);
    const Scores neg = normals(rng, 60);
    p.push_back(*auc({pos, neg}).p_value);
    const Scores other_pos = normals(rng, 50);
    const Scores other_neg = normals(rng, 60);
    paired.push_back(*auc_difference({pos, neg}, {other_pos, other_neg}).p_value);
  }
  CHECK(distance_from_uniform(p) < .045);
  CHECK(distance_from_uniform(paired) < .045);
  CHECK(share_below(p, .05) < .065);
  CHECK(share_below(p, .05) > .035);
  CHECK(share_below(paired, .05) < .065);
  CHECK(share_below(p, .001) < .004);  // chance 1e-6
}

// Few strings, many ties, far from balanced: 4,000 nulls each, 6.5 % as above.
TEST_CASE("p-values of areas hold with few strings and with ties", "[calibration]") {
  const auto [m, n, levels] =
      GENERATE(table<int, int, int>({{5, 5, 0}, {8, 200, 0}, {200, 8, 0}, {15, 15, 3}}));
  CAPTURE(m, n, levels);
  Rng rng(2, "auc small", {static_cast<std::uint64_t>(m), static_cast<std::uint64_t>(n)});
  Scores p;
  for (int i = 0; i < 4000; ++i) {
    Scores pos = normals(rng, m);
    Scores neg = normals(rng, n);
    if (levels > 0) {
      for (double& x : pos) x = std::floor(std::clamp(x, -1.0, 1.0) * levels / 2.0);
      for (double& x : neg) x = std::floor(std::clamp(x, -1.0, 1.0) * levels / 2.0);
    }
    p.push_back(*auc({pos, neg}).p_value);
  }
  CHECK(share_below(p, .05) < .065);
  CHECK(share_below(p, .01) < .017);  // chance 1e-5
}

// Normal scores one deviation apart: the area is Phi(1 / sqrt 2). 2,000 samples at 95 %: below
// 93.4 % has a chance of 5e-4 at exactly 95 %.
TEST_CASE("intervals of areas cover at their level", "[calibration]") {
  Rng rng(3, "auc coverage");
  const double truth = 1.0 - normal_upper(1.0 / std::sqrt(2.0));
  int covered = 0;
  int above_bound = 0;
  for (int i = 0; i < 2000; ++i) {
    const Scores pos = normals(rng, 30, 1.0);
    const Scores neg = normals(rng, 40);
    const Estimate estimate = auc({pos, neg});
    covered += *estimate.low <= truth && truth <= *estimate.high ? 1 : 0;
    above_bound += truth >= *estimate.bound_low ? 1 : 0;
  }
  CHECK(covered >= .934 * 2000);
  CHECK(above_bound >= .934 * 2000);
}

// 40 persons with 1 to 6 strings of either class that share most of their score. Strings taken for
// independent would cover 75 % of the time. Below 92.5 %: a chance of 1e-6 at 95 %; clustered
// intervals of 40 persons are a little short by nature.
TEST_CASE("intervals of areas cover where persons repeat", "[calibration]") {
  Rng rng(4, "auc clusters");
  int covered = 0;
  for (int i = 0; i < 2000; ++i) {
    Scores pos;
    Scores neg;
    std::vector<std::int64_t> pos_persons;
    std::vector<std::int64_t> neg_persons;
    for (std::int64_t person = 0; person < 40; ++person) {
      const double own = 1.5 * normal(rng);
      const bool member = person % 2 == 0;
      for (std::uint64_t k = 0; k <= rng.uniform_below(6); ++k) {
        (member ? pos : neg).push_back(own + normal(rng));
        (member ? pos_persons : neg_persons).push_back(person);
      }
    }
    const Estimate estimate = auc({pos, neg, pos_persons, neg_persons});
    covered += *estimate.low <= .5 && .5 <= *estimate.high ? 1 : 0;
  }
  CHECK(covered >= .925 * 2000);
  CHECK(covered <= .98 * 2000);
}

// 4,000 nulls: at most 5 % by construction; above 6.2 % has a chance of 3e-4 even at exactly 5 %.
TEST_CASE("rates at a false-positive rate refute chance at their level", "[calibration]") {
  Rng rng(5, "tpr null");
  Scores p;
  for (int i = 0; i < 4000; ++i) {
    p.push_back(*tpr_at_fpr({normals(rng, 60), normals(rng, 50)}, .1).p_value);
  }
  CHECK(share_below(p, .05) <= .062);
  CHECK(share_below(p, .05) > .01);  // and it can refute at all
}

// Each guess is right with probability one half: 4,000 null runs. At most 5 % by construction;
// above 6.2 % has a chance of 3e-4 even at exactly 5 %.
TEST_CASE("one training run proves a loss in at most one null run of twenty", "[calibration]") {
  const auto [m, r, delta] =
      GENERATE(table<int, int, double>({{100, 50, 1e-5}, {100, 100, 0.0}, {1000, 100, 1e-6}}));
  CAPTURE(m, r, delta);
  Rng rng(6, "one run null", {static_cast<std::uint64_t>(m), static_cast<std::uint64_t>(r)});
  int proved = 0;
  for (int i = 0; i < 4000; ++i) {
    std::int64_t correct = 0;
    for (int g = 0; g < r; ++g) correct += static_cast<std::int64_t>(rng.uniform_below(2));
    proved += one_run_epsilon({m, r, correct}, delta, .05) > 0.0 ? 1 : 0;
  }
  CHECK(proved <= .062 * 4000);
  CHECK(proved > 0);
}

// Ranks uniform in 1 to 1000: 4,000 sets of 20 canaries. The mean exposure is 1.4427 bits of a
// continuous rank, a little less of whole numbers.
TEST_CASE("exposures of canaries never seen are chance", "[calibration]") {
  Rng rng(7, "exposure null");
  Scores p;
  double total = 0.0;
  for (int i = 0; i < 4000; ++i) {
    Scores exposures;
    for (int k = 0; k < 20; ++k) {
      exposures.push_back(
          sampled_exposure(999, 1.0 + static_cast<double>(rng.uniform_below(1000))));
      total += exposures.back();
    }
    p.push_back(chance_of_exposures(exposures));
  }
  CHECK(total / 80000.0 == Approx(1.4427 - std::log2(1000.0) / 2000.0).margin(.02));
  CHECK(distance_from_uniform(p) < .045);
  CHECK(share_below(p, .05) < .062);
}

// The truth is the share of the space above the canary: .02, that is 5.64 bits. Clopper and Pearson
// cover at least; 2,000 samples, below 94 % has a chance of 2e-2 at exactly 95 %, and they cover 96
// %.
TEST_CASE("intervals of sampled ranks cover at their level", "[calibration]") {
  Rng rng(8, "rank coverage");
  const double truth = -std::log2(.02);
  int covered = 0;
  for (int i = 0; i < 2000; ++i) {
    double rank = 1.0;
    for (int k = 0; k < 200; ++k) rank += rng.uniform01() < .02 ? 1.0 : 0.0;
    const ExposureLimits limits = sampled_exposure_limits(200, rank, 30.0, .95);
    covered += limits.low <= truth && truth <= limits.high.value_or(30.0) ? 1 : 0;
  }
  CHECK(covered >= .94 * 2000);
}

// 60 fits of 80 normal losses: the fit is refused in 5 % of them. More than 9 of 60 has a chance of
// 1e-3.
TEST_CASE("a fit that is right is seldom refused", "[calibration]") {
  Rng rng(9, "fit null");
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    const Scores losses = normals(rng, 80, 20.0);
    const ExtrapolatedExposure result =
        extrapolated_exposure(losses, 16.0, static_cast<std::uint64_t>(i));
    refused += result.goodness && result.goodness->p_value < .05 ? 1 : 0;
  }
  CHECK(refused <= 9);
}
