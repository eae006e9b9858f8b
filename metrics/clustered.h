#pragma once

#include <cstdint>
#include <span>

#include "metrics/estimate.h"

namespace souvenir {

// Accumulates the hits and strings of persons, one person at a time: six sums, so memory does not
// grow with the number of persons, and the order does not matter. A value.
//
// Exact  the sums are whole numbers; below 2^31 strings in all they cannot overflow
struct RateSums {
  std::int64_t persons = 0;
  std::int64_t strings = 0;
  std::int64_t hits = 0;
  std::int64_t strings_squared = 0;
  std::int64_t hits_squared = 0;
  std::int64_t hits_by_strings = 0;

  // Adds one person. Requires 0 <= hits <= strings, strings > 0, fewer than 2^31 strings in all;
  // else throws std::invalid_argument.
  void add(std::int64_t person_hits, std::int64_t person_strings);
};

// Computes how many independent strings a rate clustered by person is worth.
//
// With p the rate, C persons, n strings, y_i hits and m_i strings of person i:
//   v           = C / (C - 1) * sum (y_i - p m_i)^2 / n^2      linearised variance of p
//   n_effective = p (1 - p) / v * (t(n - 1) / t(C - 1))^2      at most n
// t(d) is the 97.5 % quantile of Student's t: v is known to C - 1 degrees of freedom only. This is
// Korn and Graubard's published form, and what survey software computes. Both the two-sided
// interval and the one-sided bounds use it (for the latter it errs wide), so that every limit can
// be recomputed from the value and the n_effective beside it.
//
// Two cases are settled otherwise, because v says nothing there or less than is known:
//   no hit, or nothing but hits (v is 0)    the number of persons
//   every person has one string (C is n)    n: the strings are independent, and plain
//                                           Clopper-Pearson is exact
//
// Returns   in (0, n]
// Requires  at least one person; else throws std::invalid_argument
// Errs      small when persons hardly agree. Large when all hits come from a handful of persons:
//           with 60 persons, 1 to 8 strings each, and personal rates from Beta(0.1, 1.9), the
//           two-sided interval covered 93.2 % and the upper bound 92.2 % (2,000 samples)
// Source    Korn and Graubard (1998)
double effective_n(const RateSums& sums);

// Estimates a rate over strings that are grouped by person: Clopper-Pearson at 95 % on
// effective_n, two-sided, and the one-sided 95 % bounds. Without persons: rate() in binomial.h.
//
// Returns  unit probability; no value, with a reason, if there is no person
Estimate clustered_rate(const RateSums& sums);

// A rate of one group, and the share that the group has in what it is to be compared with.
struct RateShare {
  Estimate rate;
  double share = 0.0;
};

// Weighs the rates of groups by given shares (direct standardisation): what the rate would be if
// the groups stood in those shares. A rate is then not compared with one over a mixture of other
// things.
//
// With w the shares, p and n the groups' rates and effective n:
//   value        sum w p
//   n_effective  1 / sum (w^2 / n), at most value (1 - value) / sum (w^2 p (1 - p) / n)
//
// Returns   unit probability, without limits of its own: rate_difference takes value and
// n_effective Requires  at least one group; every rate has a value and an n_effective; shares above
// 0 that sum
//           to 1 within 1e-9; else throws std::invalid_argument
// Exact     the plain rate, where the shares are those of the groups
// Source    Kish (1965), effective n of a weighted mean
Estimate weighted_rate(std::span<const RateShare> groups);

// Accumulates values in [0, 1], such as the matched share of each string, one person at a time.
// A value.
struct MeanSums {
  std::int64_t persons = 0;
  std::int64_t strings = 0;
  double total = 0.0;
  double total_squared = 0.0;
  double total_by_strings = 0.0;
  double strings_squared = 0.0;
  double smallest = 1.0;  // mean of one person
  double largest = 0.0;

  // Adds one person: the sum of the values of their strings. Requires 0 <= sum <= strings and
  // strings > 0; else throws std::invalid_argument.
  void add(double person_total, std::int64_t person_strings);
};

// Estimates a mean of values in [0, 1] over strings that are grouped by person: a t interval with
// C - 1 degrees of freedom on the linearised variance, clipped to [0, 1], at 95 %, two-sided, and
// the one-sided 95 % bounds.
//
// Where all persons have the same mean c the variance says nothing, and the limits are the
// distribution-free ones: c s and 1 - (1 - c) s with s = alpha^(1/C), alpha the chance in a tail.
//
//   persons_given  false: each string was added as its own cluster, and persons is not reported
//
// Returns  unit probability; no value, with a reason, without strings; no interval with one
//          cluster
// Exact    the value; the t interval is approximate
Estimate clustered_mean(const MeanSums& sums, bool persons_given);

}  // namespace souvenir
