#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrics/estimate.h"
#include "metrics/roc.h"

namespace souvenir {

// One threshold: strings that score at least `threshold` are called members.
//
//   threshold  plus infinity where nothing is called a member
struct OperatingPoint {
  double threshold = 0.0;
  std::int64_t true_positives = 0;
  std::int64_t false_positives = 0;
};

// Returns every threshold the scores tell apart, the strictest first: from nobody called a member
// to everybody. Ties are one step.
//
// Requires  scores finite; else throws std::invalid_argument
std::vector<OperatingPoint> operating_points(const LabelledScores& scores);

// Returns the loosest threshold whose empirical false-positive rate is at most `fpr`.
//
// Requires  fpr in [0, 1]; at least one non-member; else throws std::invalid_argument
OperatingPoint point_at_fpr(const std::vector<OperatingPoint>& points, double fpr);

// Estimates the true-positive rate at a false-positive rate: the share of members above the loosest
// threshold that at most the share `fpr` of non-members reaches.
//
// Returns   unit probability, Clopper-Pearson, by person where given, as clustered_rate; and, for
//           independent strings, the chance of as many members above it were labels handed out at
//           random. No value, with a reason, without members, or where fpr is below 1 /
//           non-members: the data cannot show such a rate
// Requires  as point_at_fpr
// Errs      high by a little: the threshold is chosen on the non-members that it is judged by
Estimate tpr_at_fpr(const LabelledScores& scores, double fpr);

struct RocPoint {
  double fpr = 0.0;
  double tpr = 0.0;
};

// Returns at most `most` points of the curve for a chart with a logarithmic axis: all of them, or
// those nearest below evenly spaced logarithms of the false-positive rate; the ends always.
//
// Returns   nothing without members or non-members
// Requires  most >= 2; scores finite; else throws std::invalid_argument
std::vector<RocPoint> roc_curve(const LabelledScores& scores, std::size_t most);

}  // namespace souvenir
