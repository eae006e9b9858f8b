#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "harness/probe.h"
#include "metrics/estimate.h"

namespace souvenir {

// How canaries were ranked; never added up.
enum class Ranking { exact, sampled };

// The canaries of one tier, or the held-out ones, ranked in one way.
//
//   exposures      bits
//   likelihoods    minus the share of the space at or above the canary: comparable across spaces
//   brevity        minus the number of tokens: what a tokenizer that was trained on them shortens
//   first          nothing asked was likelier, or as likely
//   extrapolated   bits beyond what was ranked, where a fit holds
//   resolution     the largest exposure that ranking could show, over the canaries
//   fits_refused   canaries whose fit does not hold, or that have none
struct ExposureTally {
  std::vector<double> exposures;
  std::vector<double> likelihoods;
  std::vector<double> brevity;
  std::int64_t first = 0;
  std::vector<double> extrapolated;
  double resolution = 0.0;
  std::int64_t fits_refused = 0;
  std::int64_t given_away = 0;

  std::int64_t count() const { return static_cast<std::int64_t>(exposures.size()); }
};

// The canaries of one tier, or the held-out ones, searched for in their whole spaces.
//
//   least, most  [canaries] exposure in bits: at least and at most; equal where the search is done
//   first        nothing in the space is likelier, or as likely: known
//   ended        searches that ended at their budget
struct SearchTally {
  std::vector<double> least;
  std::vector<double> most;
  std::int64_t first = 0;
  std::int64_t ended = 0;

  std::int64_t count() const { return static_cast<std::int64_t>(least.size()); }
};

// Everything ranked in one way.
//
//   tiers     planted canaries, by how often
//   held_out  canaries that stand nowhere in the training data
struct RankedCanaries {
  std::map<std::int64_t, ExposureTally> tiers;
  ExposureTally held_out;
};

//   searched, searched_held_out  by how often, as in RankedCanaries
struct AllCanaries {
  std::map<Ranking, RankedCanaries> by_ranking;
  std::map<std::int64_t, SearchTally> searched;
  SearchTally searched_held_out;
  std::int64_t canaries = 0;
  std::int64_t unranked = 0;
  std::int64_t most_often = 0;
};

// Returns the exposure of one ranked string, in bits.
double exposure_of(const CandidateRank& rank);

//   extrapolate  fit a distribution to sampled candidates (costs time)
//   least_fit    p-value below which a fit is refused
// Random         goodness of fit: the seed
AllCanaries read_canary_ranks(StringCursor& strings, bool extrapolate, double least_fit,
                              std::uint64_t seed);

}  // namespace souvenir
