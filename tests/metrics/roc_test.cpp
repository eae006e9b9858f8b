#include "metrics/roc.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "metrics/mann_whitney.h"
#include "metrics/rng.h"
#include "metrics/special.h"
#include "tests/metrics/known_answers.h"

using namespace souvenir;
using Scores = std::vector<double>;

namespace {

const Scores kAPos{.8, .9, .7, .6, .95};
const Scores kANeg{.1, .4, .35, .65, .2};

Scores shifted(double shift) {
  Scores scores;
  for (int i = 1; i <= 20; ++i) scores.push_back(i / 10.0 + shift);
  return scores;
}

AucMoments moments(const Scores& members, const Scores& others) {
  return auc_moments({members, others}, {members, others});
}

}  // namespace

// R's pROC 1.18.0.
TEST_CASE("areas and DeLong variances are the known ones", "[roc]") {
  const auto [pos, neg, area, variance] = GENERATE(table<Scores, Scores, double, double>({
      {kAPos, kANeg, .96, .0032},
      {{1, 2, 2, 3}, {0, 1, 2, 2}, .71875, .033203125},
      {{0, 4, 6, 7}, {1, 2, 3, 5}, .6875, .0598958333333333},
      {shifted(.55), shifted(0), .7375, .00610197368421053},
  }));
  const AucMoments result = moments(pos, neg);
  CHECK(result.a == near(area));
  CHECK(result.variance_a == near(variance));
  CHECK(result.covariance == near(variance));
}

TEST_CASE("the logit interval is the known one", "[roc]") {
  const Estimate result = auc({kAPos, kANeg});
  CHECK(*result.value == near(.96));
  CHECK(*result.low == near(.57218076263547));
  CHECK(*result.high == near(.99768344175532));
  CHECK(result.n == 10);
  CHECK_FALSE(result.persons);
}

TEST_CASE("two scores of the same strings are compared by their covariance", "[roc]") {
  const Scores pos{.7, .6, .9, .3, .8};
  const Scores neg{.2, .5, .1, .55, .4};
  const AucMoments result = auc_moments({kAPos, kANeg}, {pos, neg});
  CHECK(result.b == near(.88));
  CHECK(result.variance_b == near(.0168));
  CHECK(result.covariance == near(.0056));
  const Estimate difference = auc_difference({kAPos, kANeg}, {pos, neg});
  CHECK(*difference.value == near(.08));
  CHECK(normal_quantile(1.0 - *difference.p_value) == near(.85280286542244));
  CHECK(2.0 * *difference.p_value == near(.393768634642994));
}

// Obuchowski's estimator written out from its definition with double loops, in numpy.
TEST_CASE("strings of one person are one observation in the variance", "[roc]") {
  const Scores pos{3.1, 2.0, 2.5, 4.0, 1.2, 2.2};
  const Scores neg{1.0, 2.1, 0.4, 2.0, 3.0};
  const Scores pos_b{2.5, 2.6, 1.5, 3.0, 2.2, 0.7};
  const Scores neg_b{.5, 1.5, 2.0, .1, 2.7};
  const std::vector<std::int64_t> pos_persons{1, 1, 2, 3, 3, 4};
  const std::vector<std::int64_t> neg_persons{1, 2, 2, 5, 6};
  const LabelledScores a{pos, neg, pos_persons, neg_persons};
  const LabelledScores b{pos_b, neg_b, pos_persons, neg_persons};
  const AucMoments result = auc_moments(a, b);
  CHECK(result.a == near(.75));
  CHECK(result.b == near(0.7166666666666668));
  CHECK(result.variance_a == near(0.015296296296296294));
  CHECK(result.variance_b == near(0.04023868312757202));
  CHECK(result.covariance == near(0.013695061728395058));
  CHECK(auc(a).persons == 6);
  const std::vector<std::int64_t> own_pos{1, 2, 3, 4, 5, 6};
  const std::vector<std::int64_t> own_neg{7, 8, 9, 10, 11};
  CHECK(auc_moments({pos, neg, own_pos, own_neg}, {pos, neg, own_pos, own_neg}).variance_a ==
        near(moments(pos, neg).variance_a));
}

TEST_CASE("a perfect area has a limit that holds whatever the scores", "[roc]") {
  const Scores pos{3, 4, 5, 6, 7, 8};
  const Scores neg{0, 1, 2, 2.5};
  const Estimate result = auc({pos, neg});
  CHECK(*result.value == 1.0);
  CHECK(*result.high == 1.0);
  CHECK(*result.low == near(std::pow(.025, .25)));  // four disjoint pairs, all in order
  CHECK(*result.bound_low == near(std::pow(.05, .25)));
  CHECK(*result.p_value == near(std::pow(.5, 4)));
  const Estimate worst = auc({neg, pos});
  CHECK(*worst.value == 0.0);
  CHECK(*worst.high == near(1.0 - std::pow(.025, .25)));
  CHECK(*worst.p_value == 1.0);
}

TEST_CASE("scores that are all alike are not called certain", "[roc]") {
  const Scores same(8, 1.0);
  const Estimate result = auc({same, same});
  CHECK(*result.value == .5);
  CHECK(*result.low == near(.5 * std::pow(.025, 1.0 / 8)));
  CHECK(*result.high == near(1.0 - .5 * std::pow(.025, 1.0 / 8)));
  CHECK(*result.p_value == 1.0);
  const Scores high(8, 2.0);
  const Estimate difference = auc_difference({high, same}, {same, same});
  CHECK(*difference.value == .5);
  CHECK(*difference.p_value == near(std::pow(1.0 / 1.5, 8)));
  CHECK(*difference.high <= 1.0);
  CHECK(*auc_difference({same, same}, {same, same}).p_value == 1.0);
}

TEST_CASE("swapping labels mirrors the area, and monotone scores keep it", "[roc]") {
  const Scores pos{1, 2, 2, 3, 9};
  const Scores neg{0, 1, 2, 2};
  CHECK(*auc({neg, pos}).value == near(1.0 - *auc({pos, neg}).value));
  Scores up = pos;
  Scores down = neg;
  for (double& x : up) x = std::exp(x) - 7.0;
  for (double& x : down) x = std::exp(x) - 7.0;
  CHECK(*auc({up, down}).value == *auc({pos, neg}).value);
  CHECK(*auc({up, down}).low == near(*auc({pos, neg}).low));
}

TEST_CASE("what cannot be estimated says why", "[roc]") {
  const Scores none;
  const Scores one{1.0};
  const Scores many{0.0, 2.0, 3.0};
  CHECK(auc({none, many}).reason == "no members");
  CHECK(auc({many, none}).reason == "no non-members");
  CHECK_FALSE(auc({many, none}).value);
  CHECK(*auc({one, many}).value == near(1.0 / 3.0));
  CHECK_FALSE(auc({one, many}).low);
  CHECK_FALSE(auc_difference({one, many}, {one, many}).p_value);
  const Scores bad{1.0, std::numeric_limits<double>::quiet_NaN()};
  CHECK_THROWS_AS(auc({bad, many}), std::invalid_argument);
  CHECK_THROWS_AS(auc_difference({many, many}, {one, many}), std::invalid_argument);
  const std::vector<std::int64_t> few{1};
  CHECK_THROWS_AS(auc({many, many, few, few}), std::invalid_argument);
}

// Exact: by enumerating all choices (scipy, itertools). Normal: scipy 1.x, with continuity.
TEST_CASE("Mann and Whitney's p-value is the known one", "[roc]") {
  CHECK(mann_whitney_p_value(kAPos, kANeg) == near(2.0 / 252.0));
  CHECK(mann_whitney_p_value(Scores{1, 2, 2, 3}, Scores{0, 1, 2, 2}) == near(17.0 / 70.0));
  CHECK(mann_whitney_p_value(Scores{0, 4, 6, 7}, Scores{1, 2, 3, 5}) == near(17.0 / 70.0));
  Scores x;
  Scores y;
  for (int i = 1; i <= 40; ++i) {
    x.push_back(i / 10.0 + .55);
    y.push_back(i / 10.0);
  }
  CHECK(mann_whitney_p_value(x, y) == near(0.024545402354819));
  x.clear();
  y.clear();
  for (int i = 0; i < 50; ++i) x.push_back(7 * i % 11);
  for (int i = 0; i < 40; ++i) y.push_back(5 * i % 9);
  CHECK(mann_whitney_p_value(x, y) == near(0.061060749973318514));
  CHECK(mann_whitney_p_value({}, y) == 1.0);
}
