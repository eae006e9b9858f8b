#pragma once

#include <cstdint>
#include <span>

#include "metrics/estimate.h"

namespace souvenir {

// Scores of strings that a model is known to have seen (members) and known not to have seen.
//
//   members, non_members                 finite; higher = more member-like
//   member_persons, non_member_persons   the person of each string, by any number that stands for
//                                        them; both empty: strings are independent
//
// Borrows everything.
struct LabelledScores {
  std::span<const double> members;
  std::span<const double> non_members;
  std::span<const std::int64_t> member_persons = {};
  std::span<const std::int64_t> non_member_persons = {};
};

// Two areas under the ROC curve, and how they vary together.
struct AucMoments {
  double a = 0.5;
  double b = 0.5;
  double variance_a = 0.0;
  double variance_b = 0.0;
  double covariance = 0.0;
};

// Computes the areas of two scores of the same strings (the same one twice, for one), ties counted
// one half, with DeLong's variances and covariance; where persons are given, those of clustered
// data.
//
// Requires  at least two members and two non-members, of at least two persons each where given;
//           scores finite; both in the same order, with the same persons; else throws
//           std::invalid_argument
// Cost      O((m + n) log (m + n)) time
// Source    DeLong, DeLong and Clarke-Pearson (1988); midranks of Sun and Xu (2014); Obuchowski
//           (1997) for clusters
AucMoments auc_moments(const LabelledScores& a, const LabelledScores& b);

// Estimates the area under the ROC curve: the probability that a member scores higher than a
// non-member.
//
// Returns   probability in [0, 1], logit interval at 95 %, one-sided 95 % bounds, and the one-sided
//           p-value of "above one half": the larger of the one that belongs to the bound and, for
//           independent strings, Mann and Whitney's; no value, with a reason, if m or n is 0; no
//           interval if m or n (or their persons) is 1
// Requires  scores finite; persons for all strings or none; else throws std::invalid_argument
// Exact     the value, up to rounding; the interval is asymptotic. Where the scores' variance is 0
//           (all members above all others, or all scores alike) the limits are distribution-free:
//           with k disjoint pairs and s = alpha^(1/k), A s and 1 - (1 - A) s
Estimate auc(const LabelledScores& scores);

// Estimates how far the area of score `a` lies above that of `b` on the same strings.
//
// Returns   in [-1, 1], Wald interval and bounds clipped to that, and the one-sided p-value of
//           "above 0"; values as auc
// Requires  as auc_moments, apart from numbers: too few strings give no value or no interval
// Exact     the value; the interval is asymptotic, and distribution-free where the variance is 0
Estimate auc_difference(const LabelledScores& a, const LabelledScores& b);

}  // namespace souvenir
