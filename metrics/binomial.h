#pragma once

#include <cstdint>
#include <optional>

#include "metrics/estimate.h"

namespace souvenir {

// Counts of independent trials; real-valued, because clustered counts are worth fewer trials than
// they are many (clustered.h).
struct Trials {
  double hits = 0.0;
  double n = 0.0;
};

struct Interval {
  double low = 0.0;
  double high = 0.0;
};

// A value with limits around it.
struct Bounded {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

// Computes the two-sided Clopper-Pearson interval of a rate.
//
//   level  confidence in (0, 1)
//
// Requires  n > 0, 0 <= hits <= n, all finite; else throws std::invalid_argument
// Exact     for whole counts: the interval that inverts the two one-sided binomial tests; for
//           effective counts, the same beta quantiles
// Errs      wide: coverage is at least `level`
// Source    Clopper and Pearson (1934)
Interval clopper_pearson(Trials trials, double level);

// Computes one-sided Clopper-Pearson bounds: the rate is at least (at most) this, with confidence
// `level`. Arguments and requirements as clopper_pearson.
double clopper_pearson_lower(Trials trials, double level);
double clopper_pearson_upper(Trials trials, double level);

// Computes the two-sided Wilson score interval; for display, not for gates.
//
// Requires  as clopper_pearson
// Source    Wilson (1927)
Interval wilson(Trials trials, double level);

// Returns the smallest n at which `hits` hits give a one-sided upper bound of at most `limit`:
// what a gate needs in order to pass. With no hit and 0.01 at 95 %: 299.
//
// Returns   nothing if no n below 2^52 is enough (a limit of 0 never is)
// Requires  hits >= 0; limit >= 0; level in (0, 1); else throws std::invalid_argument
std::optional<std::int64_t> n_to_pass(std::int64_t hits, double limit, double level);

// Combines the limits of two independent estimates into limits of their difference, a minus b, by
// squaring and adding the distances to the limits that matter. With the limits of rates this is
// Newcombe's hybrid interval; with one-sided limits, its ends are one-sided bounds.
//
// Source  Newcombe (1998), method 10 with limits of one's choice; Zou and Donner (2008)
Interval square_and_add(const Bounded& a, const Bounded& b);

// Computes the two-sided interval of rate a minus rate b: Newcombe's on Clopper-Pearson limits.
//
// Requires  as clopper_pearson
// Errs      wide, as the limits it is made of
Interval newcombe(Trials a, Trials b, double level);

// Computes one-sided bounds of rate a minus rate b, on one-sided Clopper-Pearson limits.
double newcombe_lower(Trials a, Trials b, double level);
double newcombe_upper(Trials a, Trials b, double level);

// Computes the p-value that belongs to newcombe_lower: the smallest alpha at which the lower bound
// with confidence 1 - alpha is above 0, so that p < alpha exactly if that bound is above 0. What
// Holm's adjustment (multiplicity.h) is applied to.
//
// Returns  in (0, 1/2], or 1 where the bound is not above 0 even at alpha = 1/2
// Exact    to 1e-12 relative, by bisection
double newcombe_p_value(Trials a, Trials b);

// Estimates a rate from independent strings: Clopper-Pearson at 95 %, two-sided, and the
// one-sided 95 % bounds.
//
// Returns   unit probability; no value, with a reason, if n is 0
// Requires  0 <= hits <= n; else throws std::invalid_argument
Estimate rate(std::int64_t hits, std::int64_t n);

// Estimates how far a rate lies above its control's, from the effective trials of both.
//
// Returns   unit probability, in [-1, 1], n and persons of the rate, with newcombe_p_value; no
//           value, with a reason, if either rate has none
// Requires  both from rate() or clustered_rate(); else throws std::invalid_argument
Estimate rate_difference(const Estimate& rate, const Estimate& control);

}  // namespace souvenir
