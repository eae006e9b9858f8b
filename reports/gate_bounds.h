#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "metrics/binomial.h"
#include "metrics/estimate.h"

namespace souvenir {

// One-sided 95 % confidence bounds of an estimate, as a gate compares them.
//
//   value  the point estimate; where only its decimal logarithm is known, the power, and never 0
//   from   "counts" | "bounds" | "census" | "interval" | "" (none)
struct GateBounds {
  std::optional<double> value;
  std::optional<double> low;
  std::optional<double> high;
  std::string from;
};

// Finds the bounds of an estimate in evidence, ours or another tool's. In this order:
//
//   counts    a rate with hits and n: Clopper-Pearson on n_effective (without one: n, or the
//             persons where there is no hit or nothing but hits), so that no recorded limit can
//             disagree with the counts beside it
//   bounds    bound_low and bound_high as recorded
//   census    low = high = value, or a method that says so: the number itself
//   interval  the two-sided limits, if at a level of at least 90 %; wider than asked, never
//             narrower. One-sided limits at a level of at least 95 %: those there are
//
// Returns  no bounds where the estimate has no value or none of these
GateBounds gate_bounds(const Estimate& estimate);

// Returns the independent trials a rate is worth, from its counts; nothing if the counts do not
// say, or contradict the value.
std::optional<Trials> effective_trials(const Estimate& estimate);

// Returns the number of hits a count rule speaks of: the hits, or the value of a count.
std::optional<std::int64_t> gate_count(const Estimate& estimate);

}  // namespace souvenir
