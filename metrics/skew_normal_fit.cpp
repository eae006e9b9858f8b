#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "metrics/reason.h"
#include "metrics/rng.h"
#include "metrics/skew_normal.h"
#include "metrics/special.h"

namespace souvenir {
namespace {

constexpr std::size_t kFewest = 50;
constexpr double kSteepest = 100.0;
constexpr std::size_t kMostTested = 250;
constexpr double kFlatSkew = 0.3;
constexpr int kEnoughWorse = 10;

// Shape, location and logarithm of the scale, for values of mean 0 and deviation 1.
using Parameters = Eigen::Vector3d;

struct Likelihood {
  double value = 0.0;
  Parameters gradient = Parameters::Zero();
};

Likelihood likelihood(const std::vector<double>& values, const Parameters& p) {
  const double shape = p[0];
  const double scale = std::exp(p[2]);
  const double constant = std::log(2.0) - p[2] - 0.5 * std::log(2.0 * std::numbers::pi);
  Likelihood result;
  for (const double x : values) {
    const double z = (x - p[1]) / scale;
    const double u = shape * z;
    const double log_phi = normal_log_cdf(u);
    const double mills = std::exp(-0.5 * u * u - 0.5 * std::log(2.0 * std::numbers::pi) - log_phi);
    result.value += constant - 0.5 * z * z + log_phi;
    result.gradient += Parameters(z * mills, (z - shape * mills) / scale, z * z - u * mills - 1.0);
  }
  return result;
}

double skewness(const std::vector<double>& standardised) {
  return std::accumulate(standardised.begin(), standardised.end(), 0.0,
                         [](double sum, double x) { return sum + x * x * x; }) /
         static_cast<double>(standardised.size());
}

// The parameters whose mean and deviation are 0 and 1 and whose skewness is this one, or the
// nearest that a skew-normal can have.
Parameters by_moments(double skew) {
  const double size = std::pow(std::min(std::abs(skew), 0.98), 2.0 / 3.0);
  const double b = std::pow((4.0 - std::numbers::pi) / 2.0, 2.0 / 3.0);
  const double delta = std::copysign(std::sqrt(std::numbers::pi / 2.0 * size / (size + b)), skew);
  const double scale = 1.0 / std::sqrt(1.0 - 2.0 * delta * delta / std::numbers::pi);
  return {delta / std::sqrt(1.0 - delta * delta),
          -scale * delta * std::sqrt(2.0 / std::numbers::pi), std::log(scale)};
}

// Climbs by BFGS with step halving.
struct Peak {
  Parameters at;
  double value;
};

//   flat  mean slope of a value's log-likelihood that counts as the top
Peak climb(const std::vector<double>& values, Parameters at, double flat) {
  Likelihood here = likelihood(values, at);
  Eigen::Matrix3d inverse = Eigen::Matrix3d::Identity() / static_cast<double>(values.size());
  for (int iteration = 0; iteration < 500; ++iteration) {
    const double enough = flat * static_cast<double>(values.size());
    if (here.gradient.norm() < enough || std::abs(at[0]) > 2.0 * kSteepest) break;
    Parameters step = inverse * here.gradient;
    if (step.dot(here.gradient) <= 0.0) {
      inverse = Eigen::Matrix3d::Identity() / static_cast<double>(values.size());
      step = inverse * here.gradient;
    }
    double length = std::min(1.0, 3.0 / step.norm());
    Likelihood next = likelihood(values, at + length * step);
    while (!(next.value >= here.value + 1e-4 * length * step.dot(here.gradient)) &&
           length > 1e-12) {
      length *= 0.5;
      next = likelihood(values, at + length * step);
    }
    if (!(next.value >= here.value)) break;  // the last digits
    const Parameters moved = length * step;
    const Parameters bend = here.gradient - next.gradient;
    const double curvature = moved.dot(bend);
    if (curvature > 0.0) {
      const Eigen::Matrix3d keep =
          Eigen::Matrix3d::Identity() - moved * bend.transpose() / curvature;
      inverse = keep * inverse * keep.transpose() + moved * moved.transpose() / curvature;
    }
    at += moved;
    here = next;
  }
  return {at, here.value};
}

struct Standardised {
  std::vector<double> values;  // mean 0, deviation 1
  double mean = 0.0;
  double deviation = 0.0;

  bool spreads() const { return deviation > 1e-12 * (1.0 + std::abs(mean)); }
  SkewNormal original(const Parameters& p) const {
    return {p[0], mean + deviation * p[1], deviation * std::exp(p[2])};
  }
};

Standardised standardise(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  Standardised result{{values.begin(), values.end()}, 0.0, 0.0};
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0.0;
  for (double& x : result.values) {
    x -= result.mean;
    squares += x * x;
  }
  result.deviation = std::sqrt(squares / n);
  if (result.spreads()) {
    for (double& x : result.values) x /= result.deviation;
  }
  return result;
}

// Near shape 0 the likelihood is flat and may have its peak on either side.
Peak highest_peak(const Standardised& standardised, double flat) {
  const double skew = skewness(standardised.values);
  const Peak one = climb(standardised.values, by_moments(skew), flat);
  if (std::abs(skew) > kFlatSkew) return one;
  const Peak other = climb(standardised.values, by_moments(-std::copysign(0.2, skew)), flat);
  return other.value > one.value ? other : one;
}

SkewNormalFit refused(std::string reason) { return {std::nullopt, 0.0, std::move(reason)}; }

// Anderson and Darling's A^2 of values against their own fit, be it one that would be refused.
double own_distance(std::vector<double> values) {
  const Standardised standardised = standardise(values);
  Parameters peak = highest_peak(standardised, 1e-5).at;
  peak[0] = std::clamp(peak[0], -2.0 * kSteepest, 2.0 * kSteepest);
  const SkewNormal fit = standardised.original(peak);
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += (2.0 * static_cast<double>(i) + 1.0) *
           (skew_normal_log_cdf(fit, values[i]) +
            skew_normal_log_upper(fit, values[values.size() - 1 - i]));
  }
  return -n - sum / n;
}

std::vector<double> draw(const SkewNormal& from, std::size_t count, Rng rng) {
  const auto normal = [&] { return normal_quantile(std::max(rng.uniform01(), 0x1.0p-54)); };
  const double delta = from.shape / std::sqrt(1.0 + from.shape * from.shape);
  std::vector<double> values(count);
  for (double& x : values) {
    const double half = std::abs(normal());
    x = from.location + from.scale * (delta * half + std::sqrt(1.0 - delta * delta) * normal());
  }
  return values;
}

std::vector<double> thinned(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  if (sorted.size() <= kMostTested) return sorted;
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> some(kMostTested);
  for (std::size_t i = 0; i < kMostTested; ++i) some[i] = sorted[i * sorted.size() / kMostTested];
  return some;
}

}  // namespace

SkewNormalFit fit_skew_normal(std::span<const double> values) {
  if (!std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); })) {
    throw std::invalid_argument("fit_skew_normal: values must be finite");
  }
  if (values.size() < kFewest) return refused(because("few_to_fit"));
  const Standardised standardised = standardise(values);
  if (!standardised.spreads()) return refused(because("no_spread"));
  const Peak peak = highest_peak(standardised, 1e-9);
  if (!peak.at.allFinite() || std::abs(peak.at[0]) > kSteepest) {
    return refused(because("fit_runs_off"));
  }
  const auto n = static_cast<double>(values.size());
  return {standardised.original(peak.at), peak.value - n * std::log(standardised.deviation), {}};
}

GoodnessOfFit goodness_of_fit(const SkewNormal& fit, std::span<const double> values,
                              std::uint64_t seed, int replicates) {
  const std::vector<double> tested = thinned(values);
  GoodnessOfFit result;
  result.statistic = own_distance(tested);
  int worse = 0;
  while (result.replicates < replicates && worse < kEnoughWorse) {
    const auto index = static_cast<std::uint64_t>(result.replicates++);
    const Rng rng(seed, "goodness of fit", {index});
    worse += own_distance(draw(fit, tested.size(), rng)) >= result.statistic ? 1 : 0;
  }
  const auto asked = static_cast<double>(result.replicates);
  result.p_value = worse == kEnoughWorse ? worse / asked : (worse + 1) / (asked + 1);
  return result;
}

}  // namespace souvenir
