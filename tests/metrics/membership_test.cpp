#include "metrics/membership.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "tests/metrics/known_answers.h"

using namespace souvenir;

namespace {

constexpr int kTokens = 12;
constexpr int kVocabulary = 7;

// The toy model of the known answers: 12 tokens, a vocabulary of 7, logits in closed form.
struct Toy {
  std::vector<double> target;
  std::vector<double> reference;
  std::vector<double> mean;
  std::vector<double> variance;
  std::vector<double> entropy;
  std::vector<std::int64_t> ranks;
  std::vector<std::int64_t> best;
  std::vector<std::uint8_t> greedy;

  Toy() {
    for (int t = 0; t < kTokens; ++t) {
      const auto p = log_softmax(t, 2.0, 1.7, .9, .3);
      const auto label = static_cast<std::size_t>((3 * t + 1) % kVocabulary);
      target.push_back(p[label]);
      reference.push_back(log_softmax(t, 2.0, 1.1, .5, .2)[label]);
      double first = 0.0;
      double second = 0.0;
      for (const double l : p) {
        first += std::exp(l) * l;
        second += std::exp(l) * l * l;
      }
      mean.push_back(first);
      variance.push_back(second - first * first);
      entropy.push_back(-first);
      ranks.push_back(
          1 + std::count_if(p.begin(), p.end(), [&](double other) { return other > p[label]; }));
      best.push_back(std::max_element(p.begin(), p.end()) - p.begin());
      greedy.push_back(best.back() == static_cast<std::int64_t>(label));
    }
  }

  static std::vector<double> log_softmax(int t, double size, double a, double b, double c) {
    std::vector<double> logits;
    double sum = 0.0;
    for (int v = 0; v < kVocabulary; ++v) {
      logits.push_back(size * std::sin(a * t + b * v) + std::cos(c * t * v));
      sum += std::exp(logits.back());
    }
    for (double& logit : logits) logit -= std::log(sum);
    return logits;
  }
};

}  // namespace

TEST_CASE("the toy model of the known answers is the one they were computed on", "[membership]") {
  const Toy toy;
  const std::vector<double> target{-1.20100778322785, -4.80038896859246, -1.66616192412745,
                                   -1.15201850057517, -3.18046469077871, -5.61158795575349,
                                   -2.20959534060206, -3.18643265687095, -6.09412851633965,
                                   -1.18085989857022, -2.55887684100071, -4.36822661829785};
  const std::vector<double> reference{-2.34221165141216, -3.30641495656921, -.484199527201737,
                                      -3.51477965399987, -.400039734763049, -3.38514935646028,
                                      -1.74724072906588, -1.40464403796117, -3.36802358958978,
                                      -1.30235736742577, -2.34927287929321, -1.59157637263842};
  const std::vector<double> entropy{1.37322719394, 1.16986974818, 1.70266672193, 1.68427854995,
                                    1.26030714612, 1.19526499877, 1.18462879835, 1.01836602355,
                                    1.1033092601,  1.27832104969, 1.03453222887, .949362409};
  for (std::size_t t = 0; t < kTokens; ++t) {
    CAPTURE(t);
    CHECK(toy.target[t] == near(target[t]));
    CHECK(toy.reference[t] == near(reference[t]));
    CHECK(toy.entropy[t] == near(entropy[t]));
  }
  CHECK(toy.best == std::vector<std::int64_t>{2, 0, 5, 3, 1, 0, 4, 3, 0, 5, 4, 2});
  CHECK(std::count(toy.greedy.begin(), toy.greedy.end(), 1) == 1);
  CHECK(toy.greedy[3] == 1);
}

TEST_CASE("loss and reference scores are the known ones", "[membership]") {
  const Toy toy;
  CHECK(*loss_score(toy.target).value == near(-3.10081247456138));
  CHECK(*reference_score(toy.target, toy.reference).value == near(-1.001153319863));
}

TEST_CASE("the mean logarithm of the ranks is the known one", "[membership]") {
  CHECK(*log_rank_score(Toy().ranks).value == near(-1.23304398277552));
  CHECK(*log_rank_score(std::vector<std::int64_t>{1, 1}).value == 0.0);
  CHECK_FALSE(log_rank_score({}).value);
  CHECK_THROWS_AS(log_rank_score(std::vector<std::int64_t>{1, 0}), std::invalid_argument);
}

// Three texts against a population of four, with a = .3; a text's score in RMIA is the share of the
// population whose ratio it beats.
TEST_CASE("RMIA's ratio and the shares counted with it are the known ones", "[membership]") {
  const auto ratio = [](double own, double reference) {
    const std::vector<double> p{std::log(own), std::log(own)};
    const std::vector<double> q{std::log(reference), std::log(reference)};
    return std::exp(*rmia_score(p, q).value);
  };
  const std::vector<double> population{ratio(.4, .45), ratio(.5, .5), ratio(.6, .5), ratio(.3, .4)};
  const std::vector<double> known{.62256809338521, .74074074074074, .88888888888889,
                                  .49180327868852};
  for (std::size_t i = 0; i < known.size(); ++i) CHECK(population[i] == near(known[i]));
  const auto share = [&](double text, double gamma) {
    return static_cast<double>(std::count_if(population.begin(), population.end(),
                                             [&](double z) { return text / z > gamma; })) /
           4.0;
  };
  const double first = ratio(.9, .5);
  const double second = ratio(.5, .5);
  const double third = ratio(.2, .3);
  CHECK(first == near(.9 / .675));
  CHECK(third == near(.2 / .545));
  CHECK(share(first, 1.0) == 1.0);
  CHECK(share(second, 1.0) == .5);
  CHECK(share(third, 1.0) == 0.0);
  CHECK(share(first, 1.4999) == 1.0);  // .9 / .675 is 1.5 times the largest: at least 1.5
  CHECK(share(second, 1.4999) == .25);
  CHECK(share(third, 1.4999) == 0.0);
  const std::vector<double> one{-1.0};
  CHECK_THROWS_AS(rmia_score(one, one, -0.1), std::invalid_argument);
  CHECK_THROWS_AS(rmia_score(one, one, 1.1), std::invalid_argument);
}

TEST_CASE("Min-K and Min-K++ are the known ones", "[membership]") {
  const Toy toy;
  const auto [k, min_k, plus] = GENERATE(table<double, double, double>({
      {.1, -6.09412851633965, -4.61346333794155},
      {.2, -5.85285823604657, -4.565539857437},
      {.3, -5.5020351468952, -4.28351937304041},
      {.5, -4.54020490110552, -3.3104863248187},
      {1.0, -3.10081247456138, -1.75266612830528},
  }));
  CAPTURE(k);
  CHECK(*min_k_score(toy.target, k).value == near(min_k));
  const TokenScore score = min_k_pp_score(toy.target, toy.mean, toy.variance, k);
  CHECK(*score.value == near(plus));
  CHECK(score.clamped == 0);
}

TEST_CASE("SURP is the known one", "[membership]") {
  const Toy toy;
  CHECK(*surp_score(toy.target, toy.entropy, .4, 2.0).value == near(-5.21858301474586));
  CHECK(*surp_score(toy.target, toy.entropy, .4, 1.5).value == near(-5.21858301474586));
  CHECK(*surp_score(toy.target, toy.entropy, .4, 1.0).value == near(-4.36822661829785));
  const TokenScore none = surp_score(toy.target, toy.entropy, .4, .5);
  CHECK_FALSE(none.value);
  CHECK_FALSE(none.reason.empty());
}

TEST_CASE("EZ is the known one, as published and as a share", "[membership]") {
  const Toy toy;
  const double first_left_out = .00776872691000054;
  const double all = .0807389812212299;
  CHECK(*ez_ratio(toy.target, toy.reference, toy.greedy, true).value == near(first_left_out));
  CHECK(*ez_ratio(toy.target, toy.reference, toy.greedy, false).value == near(all));
  // The guard of 1e-12 in the published ratio shows at 1e-13.
  CHECK(*ez_score(toy.target, toy.reference, toy.greedy, true).value ==
        near(first_left_out / (1.0 + first_left_out)));
  CHECK(*ez_score(toy.target, toy.reference, toy.greedy, false).value == near(all / (1.0 + all)));
}

TEST_CASE("EZ ranks a text on which nothing was lost highest, not lowest", "[membership]") {
  const std::vector<double> own{-1.0, -2.0, -1.5};
  const std::vector<double> other{-3.0, -4.0, -2.0};
  const std::vector<std::uint8_t> wrong(3, 0);
  CHECK(*ez_ratio(own, other, wrong, false).value == 0.0);
  CHECK(*ez_score(own, other, wrong, false).value == 1.0);
  const std::vector<std::uint8_t> right(3, 1);
  CHECK_FALSE(ez_score(own, other, right, false).value);
  CHECK_FALSE(ez_score(own, own, wrong, false).value);
}

TEST_CASE("WBC is the known one on three grids of windows", "[membership]") {
  const Toy toy;
  const auto wbc = [&](const std::vector<std::size_t>& windows) {
    return *wbc_score(toy.target, toy.reference, windows).value;
  };
  CHECK(wbc_windows() == std::vector<std::size_t>{2, 3, 4, 5, 8, 11, 15, 21, 29, 40});
  CHECK(wbc(wbc_windows()) == near(.0336700336700337));
  CHECK(wbc({2, 3, 4, 6, 9, 13, 18, 25, 32, 40}) == near(.0404040404040404));
  CHECK(wbc({2, 3, 4}) == near(.0673400673400673));
  CHECK(wbc({2}) == near(.0909090909090909));
  CHECK(wbc({3}) == 0.0);
  CHECK(wbc({4}) == near(.111111111111111));
  CHECK(wbc({50}) == 0.0);  // one window of all tokens: behind
}

TEST_CASE("zlib and lower-case scores are ratios of the loss", "[membership]") {
  const std::vector<double> own{-1.0, -3.0};
  CHECK(*zlib_score(own, 8).value == near(-.25));
  CHECK(*lowercase_score(own, std::vector<double>{-4.0, -1.0, -7.0}).value == near(2.0));
  // A text the model is certain of: high, and finite.
  const std::vector<double> certain{0.0, 0.0};
  CHECK(*lowercase_score(certain, own).value == near(2.0e12));
  CHECK_THROWS_AS(zlib_score(own, 0), std::invalid_argument);
}

TEST_CASE("a share of tokens is not decided by rounding", "[membership]") {
  CHECK(share_of_tokens(.29, 100) == 29);  // 0.29 * 100 is 28.999999999999996
  for (const std::size_t n : {90U, 170U, 180U}) CHECK(share_of_tokens(.7, n) == n * 7 / 10);
  CHECK(share_of_tokens(.2, 4) == 1);
  CHECK(share_of_tokens(1.0, 5) == 5);
  CHECK(share_of_tokens(.5, 0) == 0);
  CHECK_THROWS_AS(share_of_tokens(0.0, 5), std::invalid_argument);
  CHECK_THROWS_AS(share_of_tokens(1.1, 5), std::invalid_argument);
}

TEST_CASE("a point mass is clamped and counted", "[membership]") {
  const std::vector<double> own{0.0, -1.0};
  const TokenScore score =
      min_k_pp_score(own, std::vector<double>{0.0, -1.5}, std::vector<double>{0.0, 1.0}, 1.0);
  CHECK(score.clamped == 1);
  CHECK(*score.value == near(.25));
}

TEST_CASE("where there is no score there is a reason, never a NaN", "[membership]") {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> none;
  const std::vector<double> impossible{-1.0, -infinity};
  const std::vector<double> fine{-1.0, -2.0};
  const std::vector<std::uint8_t> wrong{0, 0};
  const std::vector<std::size_t> windows{2};
  for (const auto& score :
       {loss_score(none), loss_score(impossible), reference_score(fine, impossible),
        rmia_score(fine, impossible), rmia_score(none, none), zlib_score(none, 8),
        min_k_score(none, .2), min_k_score(impossible, .2),
        min_k_pp_score(impossible, fine, fine, .2), surp_score(impossible, fine, .4, 2.0),
        lowercase_score(fine, none), lowercase_score(impossible, fine),
        ez_score(impossible, fine, wrong, false), wbc_score(fine, impossible, windows)}) {
    CHECK_FALSE(score.value);
    CHECK_FALSE(score.reason.empty());
  }
  const std::vector<double> nan{-1.0, std::nan("")};
  CHECK_THROWS_AS(loss_score(nan), std::invalid_argument);
  CHECK_THROWS_AS(reference_score(fine, none), std::invalid_argument);
  CHECK_THROWS_AS(wbc_score(fine, fine, {}), std::invalid_argument);
}
