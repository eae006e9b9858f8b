#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "metrics/clustered.h"
#include "metrics/estimate.h"

namespace souvenir {

// Counts hits over strings that arrive person by person; a string without a person is a person of
// its own. A value; memory does not grow with the strings.
class RateTally {
 public:
  // Persons must arrive together: a name seen before, after another, would count twice.
  void add(const std::string& person, bool hit);

  // Clustered by person where any was given, else over independent strings.
  Estimate estimate() const;

 private:
  RateSums closed() const;

  RateSums sums_;
  std::string person_;
  std::int64_t hits_ = 0;
  std::int64_t strings_ = 0;
  bool persons_given_ = false;
};

// The same for values in [0, 1].
class MeanTally {
 public:
  void add(const std::string& person, double value);
  Estimate estimate() const;

 private:
  MeanSums closed() const;

  MeanSums sums_;
  std::string person_;
  double total_ = 0.0;
  std::int64_t strings_ = 0;
  bool persons_given_ = false;
};

// Keeps the largest natural logarithm of a probability, and the logarithm of the mean: both stay
// exact where the probability itself is below the smallest double.
class LogProbabilityTally {
 public:
  void add(const std::string& person, double log_p);

  // Adds a string of which only an upper bound is known.
  void add_at_most(const std::string& person, double log_bound);

  // A census of what was asked: low = high = value. Where a bound could be the largest there is no
  // value, and low and high stand on both sides of it.
  Estimate maximum() const;

  // Where there are bounds there is no value: low takes them for 0, high for what they say.
  Estimate mean() const;

  // The largest that is known, and what no other is above.
  double largest_log() const { return largest_; }
  double largest_bound() const { return std::max(largest_, bound_); }
  std::int64_t strings() const { return strings_; }

 private:
  MeanTally mean_, mean_at_most_;
  double largest_ = -std::numeric_limits<double>::infinity();
  double bound_ = -std::numeric_limits<double>::infinity();
  double scaled_sum_ = 0.0;  // sum of exp(log_p - largest_)
  std::int64_t strings_ = 0;
  std::int64_t bounds_ = 0;
};

}  // namespace souvenir
