#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/estimate.h"
#include "metrics/skew_normal.h"

namespace souvenir {

// How far up the list of all secrets that could have stood there a model puts the one that did:
// halving the rank is one bit. A canary that the model never saw has a rank that is uniform, and an
// exposure of at least t bits with probability 2^-t.
//
// Source  Carlini et al. (2019)

// Returns log2(size) - log2(rank), of all secrets of the space.
//
//   log2_size  bits; spaces may be larger than a 64-bit integer
//   rank       from 1; midrank where likelihoods tie
//
// Requires  log2_size >= 0, rank >= 1 (and at most the size, to rounding); else throws
//           std::invalid_argument
double enumerated_exposure(double log2_size, double rank);

// Returns log2(N + 1) - log2(rank), against N secrets sampled from the space, not counting the
// canary itself.
//
// Requires  samples >= 1, 1 <= rank <= samples + 1; else throws std::invalid_argument
double sampled_exposure(std::int64_t samples, double rank);

// Returns where the exposure in the whole space may lie, given a sampled rank: Clopper-Pearson on
// the share of sampled secrets that beat the canary.
//
//   high  no value where no sampled secret beats the canary and the size of the space is unknown
struct ExposureLimits {
  double low = 0.0;
  std::optional<double> high;
};

//   log2_size  of the whole space, if known: no exposure is above it
//   level      confidence in (0, 1), two-sided
// Requires   as sampled_exposure; else throws std::invalid_argument
ExposureLimits sampled_exposure_limits(std::int64_t samples, double rank,
                                       std::optional<double> log2_size, double level);

// Returns the one-sided lower bound of the same.
double sampled_exposure_lower(std::int64_t samples, double rank, double level);

// Computes the chance of exposures that together are at least this high, were the canaries never
// seen (Fisher): 2 ln 2 times their sum is chi-squared with two degrees of freedom each.
//
//   exposures  bits, of canaries whose secrets were drawn independently
//
// Returns   1 for none
// Errs      high: ranks are whole numbers
double chance_of_exposures(std::span<const double> exposures);

// An exposure beyond what was ranked, from a distribution fitted to the sampled secrets.
//
//   bits     no value, with a reason, where there is no fit or it does not hold
struct ExtrapolatedExposure {
  std::optional<double> bits;
  std::string reason;
  std::optional<SkewNormal> fit;
  std::optional<GoodnessOfFit> goodness;
};

// Extrapolates: minus log2 of the fitted probability that a secret of the space is at least as
// likely as the canary. Not a measurement, and never to be printed without the word "extrapolated".
//
//   losses      [samples] minus the log-probabilities of the sampled secrets, in nats
//   loss        that of the canary
//   least_fit   p-value of the fit below which it is refused
//
// Requires  all finite; else throws std::invalid_argument
// Random    goodness_of_fit's
ExtrapolatedExposure extrapolated_exposure(std::span<const double> losses, double loss,
                                           std::uint64_t seed, double least_fit = 0.05);

// Estimates the median of exposures, with the distribution-free interval of order statistics at
// 95 % and one-sided 95 % bounds.
//
// Returns  unit bits; no value, with a reason, without exposures; no limit on a side where even the
//          most extreme of them is not sure enough
Estimate median_exposure(std::vector<double> exposures);

}  // namespace souvenir
