#include "metrics/clustered.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "metrics/binomial.h"
#include "metrics/reason.h"
#include "metrics/special.h"

namespace souvenir {
namespace {

constexpr double kTwoSidedQuantile = 0.5 + kConfidence / 2.0;
constexpr std::int64_t kMostStrings = std::int64_t{1} << 31;

// Sum over persons of (y_i - p m_i)^2. Computed for whichever of hits and misses is rarer (the sum
// is the same), so that no term is much larger than it need be.
double residual_squares(const RateSums& s) {
  const bool count_misses = s.hits > s.strings - s.hits;
  const std::int64_t rarer = count_misses ? s.strings - s.hits : s.hits;
  const std::int64_t squared =
      count_misses ? s.strings_squared - 2 * s.hits_by_strings + s.hits_squared : s.hits_squared;
  const std::int64_t crossed =
      count_misses ? s.strings_squared - s.hits_by_strings : s.hits_by_strings;
  const double p = static_cast<double>(rarer) / static_cast<double>(s.strings);
  const double sum = static_cast<double>(squared) - 2.0 * p * static_cast<double>(crossed) +
                     p * p * static_cast<double>(s.strings_squared);
  return std::max(sum, 0.0);
}

// Sum over persons of (z_i - mean m_i)^2.
double residual_squares(const MeanSums& s) {
  const double mean = s.total / static_cast<double>(s.strings);
  const double sum =
      s.total_squared - 2.0 * mean * s.total_by_strings + mean * mean * s.strings_squared;
  return std::max(sum, 0.0);
}

Interval student_limits(double mean, double standard_error, double degrees, double alpha) {
  const double half = student_t_quantile(degrees, 1.0 - alpha) * standard_error;
  return {.low = std::max(0.0, mean - half), .high = std::min(1.0, mean + half)};
}

// If no more than a share of alpha^(1/C) of the population lay at or below c, C draws would all lie
// there with a chance below alpha; the rest of the population is at most 1. Likewise from below.
Interval distribution_free_limits(double mean, double persons, double alpha) {
  const double share = std::exp(std::log(alpha) / persons);
  return {.low = mean * share, .high = 1.0 - (1.0 - mean) * share};
}

void set_limits(Estimate& result, const Interval& two_sided, const Interval& one_sided) {
  result.low = two_sided.low;
  result.high = two_sided.high;
  result.bound_low = one_sided.low;
  result.bound_high = one_sided.high;
}

}  // namespace

void RateSums::add(std::int64_t person_hits, std::int64_t person_strings) {
  if (person_strings <= 0 || person_hits < 0 || person_hits > person_strings) {
    throw std::invalid_argument("RateSums: hits must lie in [0, strings], strings be positive");
  }
  if (person_strings >= kMostStrings - strings) {
    throw std::invalid_argument("RateSums: expected fewer than 2^31 strings in all");
  }
  persons += 1;
  strings += person_strings;
  hits += person_hits;
  strings_squared += person_strings * person_strings;
  hits_squared += person_hits * person_hits;
  hits_by_strings += person_hits * person_strings;
}

double effective_n(const RateSums& sums) {
  if (sums.persons <= 0) throw std::invalid_argument("effective_n: expected at least one person");
  const double persons = static_cast<double>(sums.persons);
  const double n = static_cast<double>(sums.strings);
  if (sums.persons == sums.strings) return n;
  if (sums.hits == 0 || sums.hits == sums.strings || sums.persons == 1) return persons;
  const double p = static_cast<double>(sums.hits) / n;
  const double variance = persons / (persons - 1.0) * residual_squares(sums) / n / n;
  const double few = student_t_quantile(n - 1.0, kTwoSidedQuantile) /
                     student_t_quantile(persons - 1.0, kTwoSidedQuantile);
  const double worth = p * (1.0 - p) * few * few;
  return worth < n * variance ? worth / variance : n;  // also where the variance is 0
}

Estimate clustered_rate(const RateSums& sums) {
  Estimate result;
  result.unit = "probability";
  result.count = sums.hits;
  result.n = sums.strings;
  result.persons = sums.persons;
  if (sums.persons == 0) {
    result.reason = because("no_persons");
    return result;
  }
  const double value = static_cast<double>(sums.hits) / static_cast<double>(sums.strings);
  const double n = effective_n(sums);
  const Trials trials{.hits = value * n, .n = n};
  result.value = value;
  result.n_effective = n;
  set_limits(result, clopper_pearson(trials, kConfidence),
             {.low = clopper_pearson_lower(trials, kConfidence),
              .high = clopper_pearson_upper(trials, kConfidence)});
  result.method = "Clopper-Pearson on the Korn-Graubard effective n, clustered by person";
  return result;
}

Estimate weighted_rate(std::span<const RateShare> groups) {
  double shares = 0.0;
  double value = 0.0;
  double spread = 0.0;
  double variance = 0.0;
  for (const RateShare& group : groups) {
    if (!group.rate.value || group.rate.n_effective.value_or(0.0) <= 0.0 || group.share <= 0.0) {
      throw std::invalid_argument("weighted_rate: every group needs a rate and a share");
    }
    const double p = *group.rate.value;
    const double weight = group.share * group.share / *group.rate.n_effective;
    shares += group.share;
    value += group.share * p;
    spread += weight;
    variance += weight * p * (1.0 - p);
  }
  if (std::abs(shares - 1.0) > 1e-9) {
    throw std::invalid_argument("weighted_rate: the shares must sum to 1");
  }
  Estimate result;
  result.unit = "probability";
  result.method = "weighted by group";
  result.value = std::min(1.0, value);
  const double worth = *result.value * (1.0 - *result.value);
  result.n_effective = worth * spread < variance ? worth / variance : 1.0 / spread;
  return result;
}

void MeanSums::add(double person_total, std::int64_t person_strings) {
  const double m = static_cast<double>(person_strings);
  if (person_strings <= 0 || !(person_total >= 0.0) || !(person_total <= m)) {
    throw std::invalid_argument("MeanSums: the sum must lie in [0, strings], strings be positive");
  }
  persons += 1;
  strings += person_strings;
  total += person_total;
  total_squared += person_total * person_total;
  total_by_strings += person_total * m;
  strings_squared += m * m;
  smallest = std::min(smallest, person_total / m);
  largest = std::max(largest, person_total / m);
}

Estimate clustered_mean(const MeanSums& sums, bool persons_given) {
  Estimate result;
  result.unit = "probability";
  result.n = sums.strings;
  if (persons_given) result.persons = sums.persons;
  if (sums.persons == 0) {
    result.reason = because("no_strings");
    return result;
  }
  const double persons = static_cast<double>(sums.persons);
  const double n = static_cast<double>(sums.strings);
  const double mean = std::min(1.0, sums.total / n);
  result.value = mean;
  if (sums.persons == 1) {
    result.method = "mean of one cluster: no interval";
    return result;
  }
  const double standard_error = std::sqrt(persons / (persons - 1.0) * residual_squares(sums)) / n;
  constexpr double kTail = 1.0 - kConfidence;
  // Up to rounding: a person's mean of 0.1, 0.1 and 0.1 is not quite 0.1.
  if (sums.largest - sums.smallest <= 1e-12 * sums.largest) {
    set_limits(result, distribution_free_limits(mean, persons, kTail / 2.0),
               distribution_free_limits(mean, persons, kTail));
    result.method = "distribution-free limits: all clusters have the same mean";
    return result;
  }
  set_limits(result, student_limits(mean, standard_error, persons - 1.0, kTail / 2.0),
             student_limits(mean, standard_error, persons - 1.0, kTail));
  result.method = persons_given ? "t interval, clustered by person" : "t interval";
  return result;
}

}  // namespace souvenir
