#pragma once

#include <cstddef>

#include "harness/evidence/observation.h"

namespace souvenir {

// When a string need not be read to its end: greedy decoding has missed it, and under every rule
// that was asked it has become less likely than anything that is asked of it.
//
//   log_p           nats; the sum over the first tokens only falls as more are read
//   near_tie_delta  logits; a miss by less might still turn out a match
struct EarlyStop {
  double log_p = 0.0;
  double near_tie_delta = 0.0;

  bool operator==(const EarlyStop&) const = default;
};

// Strings are read in stages: so many scored tokens, so many more, then the rest.
inline constexpr std::size_t kFirstStage = 8, kSecondStage = 16;

// Returns how many scored tokens are answered after the next stage.
//
//   done   scored tokens answered so far: the end of a stage
//   total  of the whole string
std::size_t stage_end(std::size_t done, std::size_t total);

// Says whether a string can be left where its first `tokens` are answered. Without decoding rules
// the probability of the string itself counts.
//
// Requires  observation of at least so many tokens
bool can_stop(const ScoreObservation& observation, const EarlyStop& stop, std::size_t tokens);

// Cuts the answer to a whole string to what reading it in stages would have answered.
void cut_at_stop(ScoreObservation& observation, const EarlyStop& stop);

}  // namespace souvenir
