#include "metrics/roc.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "metrics/mann_whitney.h"
#include "metrics/reason.h"
#include "metrics/require.h"
#include "metrics/special.h"

namespace souvenir {
namespace {

void check(const LabelledScores& scores) {
  for (const auto part : {scores.members, scores.non_members}) {
    require(std::all_of(part.begin(), part.end(), [](double x) { return std::isfinite(x); }),
            "roc: scores must be finite");
  }
  const bool none = scores.member_persons.empty() && scores.non_member_persons.empty();
  require(none || (scores.member_persons.size() == scores.members.size() &&
                   scores.non_member_persons.size() == scores.non_members.size()),
          "roc: persons must be given for all strings or none");
}

// Ranks from 1, ties sharing their mean.
std::vector<double> midranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) {
      ranks[order[i]] = 0.5 * static_cast<double>(begin + 1 + end);
    }
    begin = end;
  }
  return ranks;
}

// For each member the share of non-members below it (V10), and for each non-member the share of
// members above it (V01); ties one half. Both have the area as their mean.
struct Components {
  double area = 0.5;
  std::vector<double> members;
  std::vector<double> non_members;
};

Components components(const LabelledScores& scores) {
  const std::size_t m = scores.members.size();
  const std::size_t n = scores.non_members.size();
  std::vector<double> all(scores.members.begin(), scores.members.end());
  all.insert(all.end(), scores.non_members.begin(), scores.non_members.end());
  const std::vector<double> together = midranks(all);
  const std::vector<double> among_members = midranks(scores.members);
  const std::vector<double> among_others = midranks(scores.non_members);
  Components result{0.5, std::vector<double>(m), std::vector<double>(n)};
  double sum = 0.0;  // of halves, exact
  for (std::size_t i = 0; i < m; ++i) {
    const double below = together[i] - among_members[i];
    result.members[i] = below / static_cast<double>(n);
    sum += below;
  }
  for (std::size_t j = 0; j < n; ++j) {
    result.non_members[j] = 1.0 - (together[m + j] - among_others[j]) / static_cast<double>(m);
  }
  result.area = sum / (static_cast<double>(m) * static_cast<double>(n));
  return result;
}

// Numbers the persons from 0; without persons every string is one.
struct Clusters {
  std::vector<std::size_t> members;
  std::vector<std::size_t> non_members;
  std::size_t count = 0;
  std::size_t with_members = 0;
  std::size_t with_non_members = 0;

  // Pairs of a member and a non-member such that no person stands in two of them.
  std::size_t disjoint_pairs() const {
    return std::min({with_members, with_non_members, count / 2});
  }
};

Clusters clusters(const LabelledScores& scores) {
  Clusters result;
  const std::size_t m = scores.members.size();
  const std::size_t n = scores.non_members.size();
  result.members.resize(m);
  result.non_members.resize(n);
  if (scores.member_persons.empty() && scores.non_member_persons.empty()) {
    std::iota(result.members.begin(), result.members.end(), std::size_t{0});
    std::iota(result.non_members.begin(), result.non_members.end(), m);
    return {result.members, result.non_members, m + n, m, n};
  }
  std::map<std::int64_t, std::size_t> numbers;
  const auto number = [&](std::int64_t person) {
    return numbers.try_emplace(person, numbers.size()).first->second;
  };
  std::transform(scores.member_persons.begin(), scores.member_persons.end(), result.members.begin(),
                 number);
  result.with_members = numbers.size();
  std::transform(scores.non_member_persons.begin(), scores.non_member_persons.end(),
                 result.non_members.begin(), number);
  result.with_non_members =
      std::set<std::size_t>(result.non_members.begin(), result.non_members.end()).size();
  result.count = numbers.size();
  return result;
}

// What the components of each person add up to, around the area.
struct PersonSums {
  std::vector<double> members;
  std::vector<double> non_members;
};

PersonSums person_sums(const Components& parts, const Clusters& persons) {
  PersonSums sums{std::vector<double>(persons.count), std::vector<double>(persons.count)};
  for (std::size_t i = 0; i < parts.members.size(); ++i) {
    sums.members[persons.members[i]] += parts.members[i] - parts.area;
  }
  for (std::size_t j = 0; j < parts.non_members.size(); ++j) {
    sums.non_members[persons.non_members[j]] += parts.non_members[j] - parts.area;
  }
  return sums;
}

double bessel(std::size_t count) {
  return static_cast<double>(count) / static_cast<double>(count - 1);
}

double covariance(const PersonSums& a, const PersonSums& b, const Clusters& persons) {
  const auto m = static_cast<double>(persons.members.size());
  const auto n = static_cast<double>(persons.non_members.size());
  double members = 0.0;
  double non_members = 0.0;
  double across = 0.0;  // 0 where no person has strings of both classes
  for (std::size_t i = 0; i < persons.count; ++i) {
    members += a.members[i] * b.members[i];
    non_members += a.non_members[i] * b.non_members[i];
    across += a.members[i] * b.non_members[i] + a.non_members[i] * b.members[i];
  }
  return bessel(persons.with_members) * members / (m * m) +
         bessel(persons.with_non_members) * non_members / (n * n) +
         bessel(persons.count) * across / (m * n);
}

// A variance that rounding alone has left is none.
double settled(double variance, double scale) { return variance < 1e-12 * scale ? 0.0 : variance; }

// What an estimate holds before there is a number in it; a reason where there will be none.
Estimate blank(const LabelledScores& scores, const Clusters& persons, const char* unit) {
  Estimate result;
  result.unit = unit;
  result.n = static_cast<std::int64_t>(scores.members.size() + scores.non_members.size());
  if (!scores.member_persons.empty() || !scores.non_member_persons.empty()) {
    result.persons = static_cast<std::int64_t>(persons.count);
  }
  if (scores.members.empty() || scores.non_members.empty()) {
    result.reason = scores.members.empty() ? because("no_members") : because("no_non_members");
  }
  return result;
}

bool has_interval(const Clusters& persons) {
  return persons.with_members > 1 && persons.with_non_members > 1;
}

// Limits of a mean of variables in [least, most] of which k independent ones all had the same
// value: any other mean would have given k such values with a probability below alpha.
struct Constant {
  double value;
  double least;
  double most;
  double k;

  double low(double alpha) const { return least + std::pow(alpha, 1.0 / k) * (value - least); }
  double high(double alpha) const { return most - std::pow(alpha, 1.0 / k) * (most - value); }
  // The alpha at which the lower limit is `null`.
  double p_value(double null) const {
    return value > null ? std::pow((null - least) / (value - least), k) : 1.0;
  }
};

void set_constant_limits(Estimate& result, const Constant& constant, double null) {
  result.low = constant.low((1.0 - kConfidence) / 2.0);
  result.high = constant.high((1.0 - kConfidence) / 2.0);
  result.bound_low = constant.low(1.0 - kConfidence);
  result.bound_high = constant.high(1.0 - kConfidence);
  result.p_value = constant.p_value(null);
  result.method = "distribution-free, from disjoint pairs that all agree";
}

void set_logit_limits(Estimate& result, double area, double variance) {
  const double centre = std::log(area / (1.0 - area));
  const double error = std::sqrt(variance) / (area * (1.0 - area));
  const auto limit = [&](double quantile) {
    return 1.0 / (1.0 + std::exp(-(centre + quantile * error)));
  };
  const double two = normal_quantile(0.5 + kConfidence / 2.0);
  const double one = normal_quantile(kConfidence);
  result.low = limit(-two);
  result.high = limit(two);
  result.bound_low = limit(-one);
  result.bound_high = limit(one);
  result.p_value = normal_upper(centre / error);
}

}  // namespace

AucMoments auc_moments(const LabelledScores& a, const LabelledScores& b) {
  check(a);
  check(b);
  require(a.members.size() == b.members.size() && a.non_members.size() == b.non_members.size(),
          "roc: both scores must be of the same strings");
  const Clusters persons = clusters(a);
  require(has_interval(persons), "roc: a variance needs two members and two non-members");
  const Components parts_a = components(a);
  const Components parts_b = components(b);
  const PersonSums sums_a = person_sums(parts_a, persons);
  const PersonSums sums_b = person_sums(parts_b, persons);
  return {.a = parts_a.area,
          .b = parts_b.area,
          .variance_a = settled(covariance(sums_a, sums_a, persons), 1e-8),
          .variance_b = settled(covariance(sums_b, sums_b, persons), 1e-8),
          .covariance = covariance(sums_a, sums_b, persons)};
}

Estimate auc(const LabelledScores& scores) {
  check(scores);
  const Clusters persons = clusters(scores);
  Estimate result = blank(scores, persons, "probability");
  if (!result.reason.empty()) return result;
  if (!has_interval(persons)) {
    result.value = components(scores).area;
    return result;
  }
  const AucMoments moments = auc_moments(scores, scores);
  result.value = moments.a;
  if (moments.variance_a > 0.0 && moments.a > 0.0 && moments.a < 1.0) {
    set_logit_limits(result, moments.a, moments.variance_a);
    result.method = result.persons ? "DeLong clustered by person, logit" : "DeLong, logit";
  } else {
    const auto k = static_cast<double>(persons.disjoint_pairs());
    set_constant_limits(result, {moments.a, 0.0, 1.0, k}, 0.5);
  }
  if (!result.persons) {
    result.p_value =
        std::max(*result.p_value, mann_whitney_p_value(scores.members, scores.non_members));
  }
  return result;
}

Estimate auc_difference(const LabelledScores& a, const LabelledScores& b) {
  check(a);
  check(b);
  const Clusters persons = clusters(a);
  Estimate result = blank(a, persons, "probability");
  if (!result.reason.empty()) return result;
  if (!has_interval(persons)) {
    result.value = components(a).area - components(b).area;
    return result;
  }
  const AucMoments moments = auc_moments(a, b);
  const double variance =
      settled(moments.variance_a + moments.variance_b - 2.0 * moments.covariance,
              moments.variance_a + moments.variance_b);
  const double value = moments.a - moments.b;
  result.value = value;
  if (variance <= 0.0) {
    const auto k = static_cast<double>(persons.disjoint_pairs());
    set_constant_limits(result, {value, -1.0, 1.0, k}, 0.0);
    return result;
  }
  const double error = std::sqrt(variance);
  const double two = normal_quantile(0.5 + kConfidence / 2.0) * error;
  const double one = normal_quantile(kConfidence) * error;
  result.low = std::max(-1.0, value - two);
  result.high = std::min(1.0, value + two);
  result.bound_low = std::max(-1.0, value - one);
  result.bound_high = std::min(1.0, value + one);
  result.p_value = normal_upper(value / error);
  result.method = result.persons ? "DeLong clustered by person, paired" : "DeLong, paired";
  return result;
}

}  // namespace souvenir
