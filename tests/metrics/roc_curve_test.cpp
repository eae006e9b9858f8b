#include "metrics/roc_curve.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "metrics/binomial.h"
#include "metrics/roc.h"
#include "tests/metrics/known_answers.h"

using namespace souvenir;
using Scores = std::vector<double>;

namespace {

const Scores kPos{.95, .9, .8, .7, .65, .6, .55, .5, .3, .2};
const Scores kNeg{.85, .62, .52, .45, .4, .35, .25, .15, .1, .05};

Scores counted(int n, double scale) {
  Scores scores;
  for (int i = 0; i < n; ++i) scores.push_back(scale * i);
  return scores;
}

}  // namespace

// Six conventions are in use for this; ours is the one with "at most" and ties together.
TEST_CASE("the true-positive rate is that of the loosest allowed threshold", "[roc]") {
  const auto points = operating_points({kPos, kNeg});
  const auto [fpr, hits] =
      GENERATE(table<double, int>({{0.0, 2}, {.05, 2}, {.1, 5}, {.2, 7}, {1.0, 10}}));
  CAPTURE(fpr);
  CHECK(point_at_fpr(points, fpr).true_positives == hits);
  CHECK(*auc({kPos, kNeg}).value == near(.77));
}

TEST_CASE("ties are one step of the curve", "[roc]") {
  const auto points = operating_points({Scores{1, 2, 2, 3}, Scores{0, 1, 2, 2}});
  REQUIRE(points.size() == 5);
  CHECK(points[0].true_positives == 0);
  CHECK(points[1].true_positives == 1);
  CHECK(points[1].false_positives == 0);
  CHECK(points[2].true_positives == 3);
  CHECK(points[2].false_positives == 2);
  CHECK(points[4].false_positives == 4);
}

TEST_CASE("a rate at a false-positive rate has an exact interval and an exact p-value", "[roc]") {
  const Estimate result = tpr_at_fpr({kPos, kNeg}, .1);
  CHECK(*result.value == near(.5));
  CHECK(result.count == 5);
  CHECK(*result.low == near(clopper_pearson({5, 10}, .95).low));
  CHECK(*result.bound_high == near(clopper_pearson_upper({5, 10}, .95)));
  // At least 5 of 10 members before the second of 10 others, in all orders alike: counted.
  CHECK(*result.p_value == near(0.07043343653250773));
}

TEST_CASE("a false-positive rate that the controls cannot show is refused", "[roc]") {
  const Estimate refused = tpr_at_fpr({kPos, kNeg}, .001);
  CHECK_FALSE(refused.value);
  CHECK(refused.reason.find("there are 10, this false-positive rate needs at least 1000 "
                            "non-members") != std::string::npos);
  CHECK_FALSE(tpr_at_fpr({kPos, kNeg}, 0.0).value);
  const Scores thousand = counted(1000, .001);
  CHECK(*tpr_at_fpr({kPos, thousand}, .001).value == 0.0);  // .999 is the one that is allowed
  CHECK_FALSE(tpr_at_fpr({kPos, counted(999, .001)}, .001).value);
  CHECK_FALSE(tpr_at_fpr({Scores{}, thousand}, .01).value);
  CHECK_THROWS_AS(tpr_at_fpr({kPos, Scores{}}, .01), std::invalid_argument);
  CHECK_THROWS_AS(tpr_at_fpr({kPos, kNeg}, 1.5), std::invalid_argument);
}

TEST_CASE("members of one person are one trial of the rate", "[roc]") {
  const std::vector<std::int64_t> persons{1, 1, 1, 1, 1, 2, 2, 2, 2, 2};
  const Estimate result = tpr_at_fpr({kPos, kNeg, persons, persons}, .1);
  CHECK(*result.value == near(.5));
  CHECK(result.persons == 2);
  CHECK(*result.n_effective < 10.0);
  CHECK_FALSE(result.p_value);
}

TEST_CASE("a curve is bounded, rises, and has both ends", "[roc]") {
  const Scores pos = counted(3000, 2.0);
  const Scores neg = counted(4000, 1.0);
  const auto curve = roc_curve({pos, neg}, 50);
  CHECK(curve.size() <= 50);
  CHECK(curve.size() >= 40);
  CHECK(curve.front().fpr == 0.0);
  CHECK(curve.back().tpr == 1.0);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    CHECK(curve[i].fpr >= curve[i - 1].fpr);
    CHECK(curve[i].tpr >= curve[i - 1].tpr);
  }
  CHECK(roc_curve({kPos, kNeg}, 50).size() == 21);
  CHECK(roc_curve({kPos, Scores{}}, 50).empty());
}
