#include "metrics/power.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "metrics/require.h"
#include "metrics/special.h"

namespace souvenir {
namespace {}  // namespace

double detectable_rate(double n) {
  require(n > 0.0 && std::isfinite(n), "detectable_rate: n must be positive and finite");
  return -std::expm1(std::log(0.05) / n);
}

double auc_error(double area, double m, double n) {
  require(area >= 0.0 && area <= 1.0 && m >= 1.0 && n >= 1.0,
          "auc_error: the area must lie in [0, 1], with strings of both kinds");
  const double two_members = area / (2.0 - area) - area * area;
  const double two_others = 2.0 * area * area / (1.0 + area) - area * area;
  const double variance =
      (area * (1.0 - area) + (m - 1.0) * two_members + (n - 1.0) * two_others) / (m * n);
  return std::sqrt(std::max(0.0, variance));
}

double null_auc_error(double m, double n) {
  require(m >= 1.0 && n >= 1.0, "null_auc_error: strings of both kinds are needed");
  return std::sqrt((m + n + 1.0) / (12.0 * m * n));
}

std::optional<double> detectable_auc(std::int64_t members, std::int64_t non_members, double alpha,
                                     double power) {
  require(members >= 0 && non_members >= 0, "detectable_auc: counts must not be negative");
  const double reject = -normal_quantile(alpha);
  const double reach = normal_quantile(power);
  if (members == 0 || non_members == 0) return std::nullopt;
  const auto m = static_cast<double>(members);
  const auto n = static_cast<double>(non_members);
  const double threshold = reject * null_auc_error(m, n);
  const auto found = [&](double area) {
    return threshold + reach * auc_error(area, m, n) <= area - 0.5;
  };
  if (!found(1.0)) return std::nullopt;
  double low = 0.5;
  double high = 1.0;
  while (high - low > 1e-12) {
    const double middle = 0.5 * (low + high);
    (found(middle) ? high : low) = middle;
  }
  return high;
}

double detectable_mean_exposure(std::int64_t canaries, double alpha) {
  require(canaries >= 1, "detectable_mean_exposure: at least one canary");
  const auto k = static_cast<double>(canaries);
  return chi_squared_quantile_upper(2.0 * k, alpha) / (2.0 * std::numbers::ln2 * k);
}

double measurable_exposure(double log2_size, bool enumerated, std::int64_t samples) {
  require(log2_size >= 0.0, "measurable_exposure: the size must be at least 1");
  if (enumerated) return log2_size;
  require(samples >= 1, "measurable_exposure: at least one sample");
  return std::min(log2_size, std::log2(static_cast<double>(samples) + 1.0));
}

}  // namespace souvenir
