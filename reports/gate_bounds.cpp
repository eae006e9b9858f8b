#include "reports/gate_bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "metrics/binomial.h"

namespace souvenir {
namespace {

constexpr double kRounding = 1e-9;
constexpr double kPrintedRounding = 1e-6;  // another tool may have rounded its value

std::optional<double> value_of(const Estimate& e) {
  if (e.value || !e.log10_value) return e.value;
  // Too small for a double is not 0: it exceeds a limit of 0.
  return std::max(std::pow(10.0, *e.log10_value), std::numeric_limits<double>::denorm_min());
}

bool is_census(const Estimate& e) {
  if (e.method.find("census") != std::string::npos) return true;
  return e.low && e.high && e.value && *e.low == *e.value && *e.high == *e.value;
}

}  // namespace

std::optional<Trials> effective_trials(const Estimate& e) {
  if (e.unit != "probability" && !e.unit.empty()) return std::nullopt;
  if (!e.value || !e.count || !e.n) return std::nullopt;
  // A difference of rates may equal count / n (where the control has no hit) and is no rate.
  if (e.method.find("Newcombe") != std::string::npos) return std::nullopt;
  if (*e.n <= 0 || *e.count < 0 || *e.count > *e.n) return std::nullopt;
  const double n = static_cast<double>(*e.n);
  const double rate = static_cast<double>(*e.count) / n;
  if (std::abs(rate - *e.value) > kPrintedRounding) return std::nullopt;
  double effective = n;
  if (e.n_effective) {
    effective = *e.n_effective;
    if (!(effective > 0.0) || effective > n * (1.0 + kRounding)) return std::nullopt;
    effective = std::min(effective, n);
  } else if (e.persons && *e.persons < *e.n) {
    if (*e.persons <= 0 || (*e.count != 0 && *e.count != *e.n)) return std::nullopt;
    effective = static_cast<double>(*e.persons);
  }
  return Trials{.hits = rate * effective, .n = effective};
}

GateBounds gate_bounds(const Estimate& estimate) {
  GateBounds result;
  result.value = value_of(estimate);
  if (!result.value) return result;
  if (const auto trials = effective_trials(estimate)) {
    result.low = clopper_pearson_lower(*trials, kConfidence);
    result.high = clopper_pearson_upper(*trials, kConfidence);
    result.from = "counts";
  } else if (estimate.bound_low || estimate.bound_high) {
    result.low = estimate.bound_low;
    result.high = estimate.bound_high;
    result.from = "bounds";
  } else if (is_census(estimate)) {
    result.low = result.value;
    result.high = result.value;
    result.from = "census";
  } else if (estimate.low || estimate.high) {
    const double enough = estimate.sides == Sides::two ? 2.0 * kConfidence - 1.0 : kConfidence;
    if (estimate.level < enough - kRounding) return result;
    result.low = estimate.low;
    result.high = estimate.high;
    result.from = "interval";
  }
  return result;
}

std::optional<std::int64_t> gate_count(const Estimate& estimate) {
  if (estimate.count) return estimate.count;
  if (estimate.unit != "count" || !estimate.value) return std::nullopt;
  const double value = *estimate.value;
  if (value != std::floor(value) || std::abs(value) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace souvenir
