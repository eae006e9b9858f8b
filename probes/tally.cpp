#include "probes/tally.h"

#include <algorithm>
#include <cmath>

#include "metrics/binomial.h"
#include "metrics/reason.h"

namespace souvenir {

namespace {

constexpr double kLog10E = 0.43429448190325182765;
// exp() of less than this is 0 or has lost digits.
constexpr double kSmallestLog = -700.0;

// Fills value and log10_value from a natural logarithm.
void set_log_value(Estimate& estimate, double log_value) {
  if (std::isinf(log_value)) {
    estimate.value = 0.0;
    return;
  }
  estimate.log10_value = log_value * kLog10E;
  if (log_value >= kSmallestLog) {
    estimate.value = std::min(1.0, std::exp(log_value));
  } else {
    estimate.reason = because("below_a_double");
  }
}

// An upper bound errs high where a double cannot hold it.
double at_least_normal(double log_bound) {
  return std::max(std::exp(log_bound), std::numeric_limits<double>::min());
}

}  // namespace

void RateTally::add(const std::string& person, bool hit) {
  if (strings_ > 0 && (person.empty() || person != person_)) {
    sums_ = closed();
    hits_ = 0;
    strings_ = 0;
  }
  person_ = person;
  persons_given_ = persons_given_ || !person.empty();
  hits_ += hit ? 1 : 0;
  ++strings_;
}

RateSums RateTally::closed() const {
  RateSums sums = sums_;
  if (strings_ > 0) {
    sums.add(hits_, strings_);
  }
  return sums;
}

Estimate RateTally::estimate() const {
  const RateSums sums = closed();
  return persons_given_ ? clustered_rate(sums) : rate(sums.hits, sums.strings);
}

void MeanTally::add(const std::string& person, double value) {
  if (strings_ > 0 && (person.empty() || person != person_)) {
    sums_ = closed();
    total_ = 0.0;
    strings_ = 0;
  }
  person_ = person;
  persons_given_ = persons_given_ || !person.empty();
  total_ += value;
  ++strings_;
}

MeanSums MeanTally::closed() const {
  MeanSums sums = sums_;
  if (strings_ > 0) {
    sums.add(std::min(total_, static_cast<double>(strings_)), strings_);
  }
  return sums;
}

Estimate MeanTally::estimate() const { return clustered_mean(closed(), persons_given_); }

void LogProbabilityTally::add(const std::string& person, double log_p) {
  mean_.add(person, std::exp(log_p));
  mean_at_most_.add(person, std::exp(log_p));
  ++strings_;
  if (log_p > largest_) {
    scaled_sum_ = std::isinf(largest_) ? 1.0 : scaled_sum_ * std::exp(largest_ - log_p) + 1.0;
    largest_ = log_p;
  } else if (!std::isinf(log_p)) {
    scaled_sum_ += std::exp(log_p - largest_);
  }
}

void LogProbabilityTally::add_at_most(const std::string& person, double log_bound) {
  mean_.add(person, 0.0);
  mean_at_most_.add(person, at_least_normal(log_bound));
  ++strings_;
  ++bounds_;
  bound_ = std::max(bound_, log_bound);
}

Estimate LogProbabilityTally::maximum() const {
  Estimate estimate = mean_.estimate();
  Estimate census;
  census.n = strings_;
  census.persons = estimate.persons;
  census.unit = "probability";
  census.method = "census of the strings asked";
  if (strings_ == 0) {
    census.reason = because("no_strings");
    return census;
  }
  if (bound_ > largest_) {
    census.low = std::exp(largest_);
    census.high = at_least_normal(bound_);
    census.reason = because("bounds");
    return census;
  }
  set_log_value(census, largest_);
  census.low = census.value;
  census.high = census.value;
  return census;
}

Estimate LogProbabilityTally::mean() const {
  Estimate estimate = mean_.estimate();
  if (bounds_ > 0) {
    estimate.value.reset();
    estimate.high = mean_at_most_.estimate().high;
    estimate.reason = because("bounds");
  } else if (strings_ > 0) {
    estimate.value.reset();
    set_log_value(estimate, largest_ + std::log(scaled_sum_ / static_cast<double>(strings_)));
  }
  return estimate;
}

}  // namespace souvenir
