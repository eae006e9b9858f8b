#include "metrics/binomial.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "metrics/reason.h"
#include "metrics/special.h"

namespace souvenir {
namespace {

// Negated comparisons, so that a NaN is refused too.
void check(Trials trials, double level) {
  if (!(trials.n > 0.0) || !std::isfinite(trials.n)) {
    throw std::invalid_argument("binomial: n must be positive and finite");
  }
  if (!(trials.hits >= 0.0) || !(trials.hits <= trials.n)) {
    throw std::invalid_argument("binomial: hits must lie in [0, n]");
  }
  if (!(level > 0.0) || !(level < 1.0)) {
    throw std::invalid_argument("binomial: level must lie in (0, 1)");
  }
}

// The bound that a tail of probability alpha leaves; closed forms at the ends keep them exact.
double lower_at(Trials t, double alpha) {
  if (t.hits <= 0.0) return 0.0;
  if (t.hits >= t.n) return std::exp(std::log(alpha) / t.n);
  return beta_quantile(t.hits, t.n - t.hits + 1.0, alpha);
}

double upper_at(Trials t, double alpha) {
  if (t.hits >= t.n) return 1.0;
  if (t.hits <= 0.0) return -std::expm1(std::log(alpha) / t.n);
  return beta_quantile_upper(t.hits + 1.0, t.n - t.hits, alpha);
}

double value_of(Trials t) { return t.hits / t.n; }

double difference_lower_at(Trials a, Trials b, double alpha) {
  const Bounded left{.value = value_of(a), .low = lower_at(a, alpha), .high = 1.0};
  const Bounded right{.value = value_of(b), .low = 0.0, .high = upper_at(b, alpha)};
  return square_and_add(left, right).low;
}

Trials trials_of(const Estimate& estimate) {
  if (!estimate.value || !estimate.n_effective || estimate.unit != "probability") {
    throw std::invalid_argument("rate_difference: expected rates with an effective n");
  }
  return {.hits = *estimate.value * *estimate.n_effective, .n = *estimate.n_effective};
}

}  // namespace

Interval clopper_pearson(Trials trials, double level) {
  check(trials, level);
  const double alpha = (1.0 - level) / 2.0;
  return {.low = lower_at(trials, alpha), .high = upper_at(trials, alpha)};
}

double clopper_pearson_lower(Trials trials, double level) {
  check(trials, level);
  return lower_at(trials, 1.0 - level);
}

double clopper_pearson_upper(Trials trials, double level) {
  check(trials, level);
  return upper_at(trials, 1.0 - level);
}

Interval wilson(Trials trials, double level) {
  check(trials, level);
  const double n = trials.n;
  const double p = value_of(trials);
  const double z = normal_quantile(0.5 + level / 2.0);
  const double centre = p + z * z / (2.0 * n);
  const double half = z * std::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
  const double scale = 1.0 + z * z / n;
  // At the ends the limit is exactly the end; the formula leaves a rounding error there.
  return {.low = trials.hits <= 0.0 ? 0.0 : (centre - half) / scale,
          .high = trials.hits >= n ? 1.0 : (centre + half) / scale};
}

std::optional<std::int64_t> n_to_pass(std::int64_t hits, double limit, double level) {
  if (hits < 0) throw std::invalid_argument("n_to_pass: hits must not be negative");
  if (!(limit >= 0.0)) throw std::invalid_argument("n_to_pass: limit must not be negative");
  const auto passes = [&](std::int64_t n) {
    const Trials trials{.hits = static_cast<double>(hits), .n = static_cast<double>(n)};
    return clopper_pearson_upper(trials, level) <= limit;
  };
  constexpr std::int64_t kMost = std::int64_t{1} << 52;
  std::int64_t enough = std::max<std::int64_t>(hits, 1);
  std::int64_t too_few = enough - 1;  // never passes: fewer trials than hits, or none
  while (!passes(enough)) {
    if (enough >= kMost) return std::nullopt;
    too_few = enough;
    enough = std::min(enough * 2, kMost);
  }
  while (enough - too_few > 1) {
    const std::int64_t middle = too_few + (enough - too_few) / 2;
    (passes(middle) ? enough : too_few) = middle;
  }
  return enough;
}

Interval square_and_add(const Bounded& a, const Bounded& b) {
  const double difference = a.value - b.value;
  return {.low = difference - std::hypot(a.value - a.low, b.high - b.value),
          .high = difference + std::hypot(a.high - a.value, b.value - b.low)};
}

Interval newcombe(Trials a, Trials b, double level) {
  const Interval left = clopper_pearson(a, level);
  const Interval right = clopper_pearson(b, level);
  return square_and_add({.value = value_of(a), .low = left.low, .high = left.high},
                        {.value = value_of(b), .low = right.low, .high = right.high});
}

double newcombe_lower(Trials a, Trials b, double level) {
  check(a, level);
  check(b, level);
  return difference_lower_at(a, b, 1.0 - level);
}

double newcombe_upper(Trials a, Trials b, double level) { return -newcombe_lower(b, a, level); }

// The bound rises with alpha up to one half, where the limits are medians and still on their own
// side of the point estimate; bisection is on log alpha, since alpha may be as small as 1e-300.
double newcombe_p_value(Trials a, Trials b) {
  check(a, kConfidence);
  check(b, kConfidence);
  const auto above_zero = [&](double log_alpha) {
    return difference_lower_at(a, b, std::exp(log_alpha)) > 0.0;
  };
  double above = std::log(0.5);
  if (!above_zero(above)) return 1.0;
  double below = -700.0;
  if (above_zero(below)) return std::exp(below);
  while (above - below > 1e-13 * std::max(1.0, std::abs(above))) {
    const double middle = 0.5 * (above + below);
    if (middle <= below || middle >= above) break;
    (above_zero(middle) ? above : below) = middle;
  }
  return std::exp(above);
}

Estimate rate(std::int64_t hits, std::int64_t n) {
  if (n < 0 || hits < 0 || hits > n) throw std::invalid_argument("rate: hits must lie in [0, n]");
  Estimate result;
  result.unit = "probability";
  result.count = hits;
  result.n = n;
  if (n == 0) {
    result.reason = because("no_strings");
    return result;
  }
  const Trials trials{.hits = static_cast<double>(hits), .n = static_cast<double>(n)};
  const Interval interval = clopper_pearson(trials, kConfidence);
  result.value = value_of(trials);
  result.n_effective = trials.n;
  result.low = interval.low;
  result.high = interval.high;
  result.bound_low = clopper_pearson_lower(trials, kConfidence);
  result.bound_high = clopper_pearson_upper(trials, kConfidence);
  result.method = "Clopper-Pearson";
  return result;
}

Estimate rate_difference(const Estimate& rate, const Estimate& control) {
  Estimate result;
  result.unit = "probability";
  result.n = rate.n;
  result.persons = rate.persons;
  result.method = "Newcombe on Clopper-Pearson limits";
  if (!rate.value || !control.value) {
    result.reason = rate.value ? because("no_control_rate") : because("no_rate");
    return result;
  }
  const Trials a = trials_of(rate);
  const Trials b = trials_of(control);
  const Interval interval = newcombe(a, b, kConfidence);
  result.value = *rate.value - *control.value;
  result.low = interval.low;
  result.high = interval.high;
  result.bound_low = newcombe_lower(a, b, kConfidence);
  result.bound_high = newcombe_upper(a, b, kConfidence);
  result.p_value = newcombe_p_value(a, b);
  return result;
}

}  // namespace souvenir
