#include "metrics/roc_curve.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

#include "metrics/binomial.h"
#include "metrics/clustered.h"
#include "metrics/reason.h"
#include "metrics/require.h"

namespace souvenir {
namespace {

std::vector<double> descending(std::span<const double> scores) {
  require(std::all_of(scores.begin(), scores.end(), [](double x) { return std::isfinite(x); }),
          "roc_curve: scores must be finite");
  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  return sorted;
}

std::int64_t total_false(const std::vector<OperatingPoint>& points) {
  return points.back().false_positives;
}

// The chance that, going down a random order of m members and n others, at least `hits` members
// come before the (allowed + 1)-th other: at most `allowed` others among the first strings.
double exceedance_p_value(std::int64_t hits, std::int64_t members, std::int64_t others,
                          std::int64_t allowed) {
  if (hits <= 0 || allowed >= others) return 1.0;
  // P(exactly i members before it) = C(allowed + i, i) C(others - allowed - 1 + members - i,
  // members - i) / C(members + others, members).
  const auto log_choose = [](std::int64_t n, std::int64_t k) {
    return std::lgamma(static_cast<double>(n) + 1.0) - std::lgamma(static_cast<double>(k) + 1.0) -
           std::lgamma(static_cast<double>(n - k) + 1.0);
  };
  const double all = log_choose(members + others, members);
  double tail = 0.0;
  for (std::int64_t i = hits; i <= members; ++i) {
    tail += std::exp(log_choose(allowed + i, i) +
                     log_choose(others - allowed - 1 + members - i, members - i) - all);
  }
  return std::min(1.0, tail);
}

Estimate share_above(const LabelledScores& scores, const OperatingPoint& point) {
  if (scores.member_persons.empty()) {
    return rate(point.true_positives, static_cast<std::int64_t>(scores.members.size()));
  }
  struct Person {
    std::int64_t hits = 0;
    std::int64_t strings = 0;
  };
  std::map<std::int64_t, Person> persons;
  for (std::size_t i = 0; i < scores.members.size(); ++i) {
    Person& person = persons[scores.member_persons[i]];
    person.hits += scores.members[i] >= point.threshold ? 1 : 0;
    ++person.strings;
  }
  RateSums sums;
  for (const auto& [name, person] : persons) sums.add(person.hits, person.strings);
  return clustered_rate(sums);
}

Estimate refused(const LabelledScores& scores, double fpr) {
  Estimate result;
  result.unit = "probability";
  result.n = static_cast<std::int64_t>(scores.members.size());
  const std::string there_are = std::to_string(scores.non_members.size());
  const double needed = std::ceil(1.0 / fpr - 1e-9);
  result.reason = needed < 0x1.0p53
                      ? because("few_non_members",
                                {there_are, std::to_string(static_cast<std::int64_t>(needed))})
                      : because("few_controls", {there_are});
  return result;
}

}  // namespace

std::vector<OperatingPoint> operating_points(const LabelledScores& scores) {
  const std::vector<double> members = descending(scores.members);
  const std::vector<double> others = descending(scores.non_members);
  std::vector<OperatingPoint> points = {{std::numeric_limits<double>::infinity(), 0, 0}};
  for (std::size_t i = 0, j = 0; i < members.size() || j < others.size();) {
    const double threshold = std::max(i < members.size() ? members[i] : others[j],
                                      j < others.size() ? others[j] : members[i]);
    while (i < members.size() && members[i] >= threshold) ++i;
    while (j < others.size() && others[j] >= threshold) ++j;
    points.push_back({threshold, static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)});
  }
  return points;
}

OperatingPoint point_at_fpr(const std::vector<OperatingPoint>& points, double fpr) {
  require(fpr >= 0.0 && fpr <= 1.0, "point_at_fpr: fpr must lie in [0, 1]");
  require(!points.empty() && total_false(points) > 0, "point_at_fpr: no non-members");
  const auto others = static_cast<double>(total_false(points));
  const auto above = std::find_if(points.begin() + 1, points.end(), [&](const OperatingPoint& p) {
    return static_cast<double>(p.false_positives) / others > fpr;
  });
  return *std::prev(above);
}

Estimate tpr_at_fpr(const LabelledScores& scores, double fpr) {
  require(fpr >= 0.0 && fpr <= 1.0, "tpr_at_fpr: fpr must lie in [0, 1]");
  require(!scores.non_members.empty(), "tpr_at_fpr: no non-members");
  const auto others = static_cast<std::int64_t>(scores.non_members.size());
  if (fpr * static_cast<double>(others) < 1.0 - 1e-9) return refused(scores, fpr);
  const OperatingPoint point = point_at_fpr(operating_points(scores), fpr);
  Estimate result = share_above(scores, point);
  if (result.value && scores.member_persons.empty()) {
    const auto allowed =
        static_cast<std::int64_t>(std::floor(fpr * static_cast<double>(others) + 1e-9));
    result.p_value =
        exceedance_p_value(point.true_positives, static_cast<std::int64_t>(scores.members.size()),
                           others, std::min(allowed, others));
  }
  return result;
}

std::vector<RocPoint> roc_curve(const LabelledScores& scores, std::size_t most) {
  require(most >= 2, "roc_curve: at least two points");
  if (scores.members.empty() || scores.non_members.empty()) return {};
  const std::vector<OperatingPoint> points = operating_points(scores);
  const auto m = static_cast<double>(scores.members.size());
  const auto n = static_cast<double>(scores.non_members.size());
  std::vector<RocPoint> curve;
  const auto push = [&](const OperatingPoint& p) {
    curve.push_back(
        {static_cast<double>(p.false_positives) / n, static_cast<double>(p.true_positives) / m});
  };
  if (points.size() <= most) {
    std::for_each(points.begin(), points.end(), push);
    return curve;
  }
  push(points.front());
  for (std::size_t i = 0; i + 2 < most; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(most - 2);
    const OperatingPoint point = point_at_fpr(points, std::pow(n, share - 1.0));
    const RocPoint last = curve.back();
    push(point);
    if (curve.back().fpr == last.fpr && curve.back().tpr == last.tpr) curve.pop_back();
  }
  push(points.back());
  return curve;
}

}  // namespace souvenir
