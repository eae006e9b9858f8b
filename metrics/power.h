#pragma once

#include <cstdint>
#include <optional>

namespace souvenir {

// What given numbers of strings could show: known before anything is asked. Violated requirements
// throw std::invalid_argument.

// Returns the smallest rate that shows at least one hit with 95 % probability.
//
//   n  independent strings, or what clustered ones are worth
//
// Requires  n > 0
double detectable_rate(double n);

// Returns the standard error of an area under the ROC curve: at the area itself, and where scores
// say nothing.
//
//   m, n  members and non-members, at least 1 each
//
// Source  Hanley and McNeil (1982)
double auc_error(double area, double m, double n);
double null_auc_error(double m, double n);

// Returns the smallest area under the ROC curve that a one-sided test at `alpha` finds with
// probability `power`.
//
// Returns   nothing if even an area of 1 would not be found
// Requires  members, non_members >= 0; alpha and power in (0, 1)
// Exact     normal approximation, with Hanley and McNeil's variance at the area itself
// Source    Hanley and McNeil (1982)
std::optional<double> detectable_auc(std::int64_t members, std::int64_t non_members,
                                     double alpha = 0.05, double power = 0.8);

// Returns the mean exposure, in bits, above which as many canaries refute chance at `alpha`.
//
// Requires  canaries >= 1; alpha in (0, 1)
double detectable_mean_exposure(std::int64_t canaries, double alpha = 0.05);

// Returns the largest exposure that ranking can show: the size of the space in bits if it is
// enumerated, else log2(samples + 1).
//
// Requires  log2_size >= 0; samples >= 1 where not enumerated
double measurable_exposure(double log2_size, bool enumerated, std::int64_t samples);

}  // namespace souvenir
