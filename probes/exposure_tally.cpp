#include "probes/exposure_tally.h"

#include <algorithm>
#include <cmath>

#include "metrics/exposure.h"
#include "metrics/power.h"
#include "probes/stable_hash.h"

namespace souvenir {

namespace {

void extrapolate(ExposureTally& tally, const JudgedString& string, double least_fit,
                 std::uint64_t seed) {
  const CandidateRank& rank = *string.rank;
  std::vector<double> losses;
  losses.reserve(rank.sample.size());
  for (const double log_prob : rank.sample) losses.push_back(-log_prob);
  const ExtrapolatedExposure result =
      extrapolated_exposure(losses, -rank.log_prob, seed ^ stable_hash(string.subject), least_fit);
  if (result.bits) {
    tally.extrapolated.push_back(std::min(*result.bits, rank.log2_space));
  } else {
    ++tally.fits_refused;
  }
}

void add(ExposureTally& tally, const JudgedString& string) {
  const CandidateRank& rank = *string.rank;
  const double ranked = static_cast<double>(rank.candidates) + 1.0;
  tally.exposures.push_back(exposure_of(rank));
  tally.likelihoods.push_back(-rank.rank / ranked);
  tally.brevity.push_back(-static_cast<double>(string.observation.log_probs.size()));
  tally.first += rank.rank < 1.5 ? 1 : 0;
  tally.resolution =
      std::max(tally.resolution, measurable_exposure(rank.log2_space, rank.exact, rank.candidates));
  tally.given_away += string.given_away ? 1 : 0;
}

void add(SearchTally& tally, const SearchedRank& found) {
  const auto exposure = [&](double rank) {
    return std::max(0.0, enumerated_exposure(found.log2_space, rank));
  };
  const double likelier = static_cast<double>(found.likelier);
  const double rank = 1.0 + likelier + static_cast<double>(found.equal) / 2.0;
  tally.least.push_back(found.complete ? exposure(rank) : 0.0);
  tally.most.push_back(exposure(found.complete ? rank : 1.0 + likelier));
  tally.first += found.complete && rank < 1.5 ? 1 : 0;
  tally.ended += found.complete ? 0 : 1;
}

}  // namespace

double exposure_of(const CandidateRank& rank) {
  return rank.exact ? enumerated_exposure(rank.log2_space, rank.rank)
                    : sampled_exposure(rank.candidates, rank.rank);
}

AllCanaries read_canary_ranks(StringCursor& strings, bool wants_extrapolation, double least_fit,
                              std::uint64_t seed) {
  AllCanaries all;
  JudgedString string;
  while (strings.next(string)) {
    if (!string.canary) continue;
    ++all.canaries;
    const CanaryRole& role = *string.canary;
    if (role.planted) all.most_often = std::max(all.most_often, role.tier);
    if (string.searched) {
      add(role.planted ? all.searched[role.tier] : all.searched_held_out, *string.searched);
    }
    if (!string.rank || string.rank->candidates < 1) {
      ++all.unranked;
      continue;
    }
    RankedCanaries& ranked = all.by_ranking[string.rank->exact ? Ranking::exact : Ranking::sampled];
    ExposureTally& tally = role.planted ? ranked.tiers[role.tier] : ranked.held_out;
    add(tally, string);
    if (wants_extrapolation && !string.rank->exact) extrapolate(tally, string, least_fit, seed);
  }
  return all;
}

}  // namespace souvenir
