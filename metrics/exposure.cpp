#include "metrics/exposure.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "metrics/binomial.h"
#include "metrics/reason.h"
#include "metrics/require.h"
#include "metrics/special.h"

namespace souvenir {
namespace {

// The share of sampled secrets that beat the canary.
Trials beaten(std::int64_t samples, double rank) {
  require(samples >= 1, "exposure: at least one sampled secret");
  const auto n = static_cast<double>(samples);
  require(rank >= 1.0 && rank <= n + 1.0, "exposure: rank must lie in [1, samples + 1]");
  return {.hits = rank - 1.0, .n = n};
}

double bits(double share) { return std::max(0.0, -std::log2(share)); }

// The largest k such that, with probability at least 1 - alpha, at least k of n values lie below
// the median: the k-th smallest is then a lower bound. 0: none is.
std::size_t sure_below_median(std::size_t n, double alpha) {
  const auto count = static_cast<double>(n);
  std::size_t k = 0;
  // P[Bin(n, 1/2) < k + 1] = P[Bin <= k] = I_{1/2}(n - k, k + 1)
  while (k < n &&
         beta_cdf(count - static_cast<double>(k), static_cast<double>(k) + 1.0, 0.5) <= alpha) {
    ++k;
  }
  return k;
}

}  // namespace

double enumerated_exposure(double log2_size, double rank) {
  require(log2_size >= 0.0 && std::isfinite(log2_size), "exposure: size must be at least 1");
  require(rank >= 1.0 && std::log2(rank) <= log2_size + 1e-9,
          "exposure: rank must lie in [1, size]");
  return std::max(0.0, log2_size - std::log2(rank));
}

double sampled_exposure(std::int64_t samples, double rank) {
  const Trials trials = beaten(samples, rank);
  return std::log2(trials.n + 1.0) - std::log2(rank);
}

ExposureLimits sampled_exposure_limits(std::int64_t samples, double rank,
                                       std::optional<double> log2_size, double level) {
  const Trials trials = beaten(samples, rank);
  const Interval share = clopper_pearson(trials, level);
  ExposureLimits limits{bits(share.high), log2_size};
  if (share.low > 0.0) {
    limits.high = std::min(bits(share.low), log2_size.value_or(bits(share.low)));
  }
  if (log2_size) limits.low = std::min(limits.low, *log2_size);
  return limits;
}

double sampled_exposure_lower(std::int64_t samples, double rank, double level) {
  return bits(clopper_pearson_upper(beaten(samples, rank), level));
}

double chance_of_exposures(std::span<const double> exposures) {
  if (exposures.empty()) return 1.0;
  const double sum = std::accumulate(exposures.begin(), exposures.end(), 0.0);
  require(std::isfinite(sum), "chance_of_exposures: exposures must be finite");
  return chi_squared_upper(2.0 * static_cast<double>(exposures.size()),
                           std::max(0.0, 2.0 * std::numbers::ln2 * sum));
}

ExtrapolatedExposure extrapolated_exposure(std::span<const double> losses, double loss,
                                           std::uint64_t seed, double least_fit) {
  require(std::isfinite(loss), "extrapolated_exposure: the canary's loss must be finite");
  ExtrapolatedExposure result;
  const SkewNormalFit fitted = fit_skew_normal(losses);
  if (!fitted.distribution) {
    result.reason = because("no_fit", {fitted.reason});
    return result;
  }
  result.fit = fitted.distribution;
  result.goodness = goodness_of_fit(*result.fit, losses, seed);
  if (result.goodness->p_value < least_fit) {
    result.reason = because("fit_refused");
    return result;
  }
  result.bits = std::max(0.0, -skew_normal_log_cdf(*result.fit, loss) * std::numbers::log2e);
  return result;
}

Estimate median_exposure(std::vector<double> exposures) {
  Estimate result;
  result.unit = "bits";
  result.n = static_cast<std::int64_t>(exposures.size());
  if (exposures.empty()) {
    result.reason = because("no_canaries");
    return result;
  }
  std::sort(exposures.begin(), exposures.end());
  const std::size_t n = exposures.size();
  result.value = 0.5 * (exposures[(n - 1) / 2] + exposures[n / 2]);
  result.method = "order statistics of the median";
  if (const std::size_t k = sure_below_median(n, (1.0 - kConfidence) / 2.0); k > 0) {
    result.low = exposures[k - 1];
    result.high = exposures[n - k];
  }
  if (const std::size_t k = sure_below_median(n, 1.0 - kConfidence); k > 0) {
    result.bound_low = exposures[k - 1];
    result.bound_high = exposures[n - k];
  }
  return result;
}

}  // namespace souvenir
