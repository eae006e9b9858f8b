#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/evidence/observation.h"

namespace souvenir {

// Says for every scored token whether the greedy decoder would have emitted it, given the true
// tokens before it: whether it is the argmax (ties: the lowest id).
//
//   scored  the tokens that were asked about, in order; an answer that ends early speaks of the
//           first of them
//
// Returns  [answered tokens]
std::vector<std::uint8_t> greedy_matches(const ScoreObservation& observation,
                                         std::span<const TokenId> scored);

// Says whether the greedy match of the whole string depends on a gap smaller than `delta`: no token
// is beaten clearly, and at least one stands or falls within delta of the runner-up.
//
//   delta  logits
bool hangs_on_near_tie(const ScoreObservation& observation, double delta);

// What marks an answer as one to be asked for again, in float32.
//
//   near_tie_delta  logits
//   log_thresholds  nats; what the probability of a whole string is compared with
//   margin          nats; closer to one than this, an answer decides nothing
struct Doubt {
  double near_tie_delta = 0.0;
  std::vector<double> log_thresholds = {};
  double margin = 0.0;
};

// Says whether a verdict on the string hangs on less than the doubt there is.
bool is_doubtful(const ScoreObservation& observation, const Doubt& doubt);

}  // namespace souvenir
