#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace souvenir {

// A skew-normal distribution: density 2 phi(z) Phi(shape z) / scale at z = (x - location) / scale.
//
// Source  Azzalini (1985)
struct SkewNormal {
  double shape = 0.0;
  double location = 0.0;
  double scale = 1.0;
};

// Returns the natural logarithm of the distribution function: in the left tail too, where the
// function itself underflows or is a difference of numbers that cancel.
//
// Requires  x finite, scale > 0, all parameters finite; else throws std::invalid_argument
// Exact     to about 1e-13 relative in the function (1e-13 absolute in the logarithm) or, where
//           the logarithm is below -10, 1e-14 relative in the logarithm; adaptive quadrature of a
//           log-concave tail
double skew_normal_log_cdf(const SkewNormal& distribution, double x);

// Returns the natural logarithm of one minus the distribution function, as exactly.
double skew_normal_log_upper(const SkewNormal& distribution, double x);

// A fit, or why there is none.
struct SkewNormalFit {
  std::optional<SkewNormal> distribution;
  double log_likelihood = 0.0;
  std::string reason;
};

// Fits by maximum likelihood.
//
// Returns   no distribution with fewer than 50 values, without spread, or where the likelihood
//           grows until the shape is beyond 100 in size: then one end of the fit would be a wall
// Requires  values finite; else throws std::invalid_argument
// Exact     parameters to about 1e-6 of the scale, log-likelihood to 1e-9
SkewNormalFit fit_skew_normal(std::span<const double> values);

// How well a fit holds.
//
//   statistic   Anderson and Darling's A^2, which weighs both tails
//   p_value     the chance of an A^2 as large under the fit, fitted anew each time
//   replicates  drawn
struct GoodnessOfFit {
  double statistic = 0.0;
  double p_value = 0.0;
  int replicates = 0;
};

// Tests a fit by a parametric bootstrap, since the tables for known parameters would accept too
// much. Stops once ten replicates were worse (Besag and Clifford 1991): the p-value stays valid,
// and a good fit is confirmed early.
//
//   values      what was fitted; above 250, every k-th of them in order is tested
//   replicates  at most this many
//
// Random  Rng(seed, "goodness of fit", {replicate})
GoodnessOfFit goodness_of_fit(const SkewNormal& fit, std::span<const double> values,
                              std::uint64_t seed, int replicates = 99);

}  // namespace souvenir
