#pragma once

#include <cstdint>

#include "metrics/estimate.h"

namespace souvenir {

// What an auditor said of canaries that a fair coin had put into training, or not.
//
//   canaries  m: each included independently with probability exactly one half
//   guesses   r: canaries called in or out; how many was fixed before anything was scored
//   correct   v: guesses that were right
struct OneRunGuesses {
  std::int64_t canaries = 0;
  std::int64_t guesses = 0;
  std::int64_t correct = 0;
};

// Bounds the probability that as many guesses are right, had training been (epsilon, delta)-
// differentially private.
//
// Returns   in [0, 1]; grows with epsilon
// Requires  0 <= correct <= guesses <= canaries, canaries >= 1; epsilon >= 0; delta in [0, 1); all
//           finite; else throws std::invalid_argument
// Exact     to about 1e-11 relative
// Cost      O(correct)
// Source    Steinke, Nasr and Jagielski (2023), "Privacy auditing with one (1) training run"
double one_run_p_value(const OneRunGuesses& guesses, double epsilon, double delta);

// Computes the epsilon that one training run proves at least: every smaller one would have allowed
// so many right guesses with a probability below alpha only.
//
// Returns   0 where even epsilon 0 allows them; never infinite
// Requires  as one_run_p_value; alpha in (0, 1)
// Exact     to 1e-10, by bisection
double one_run_epsilon(const OneRunGuesses& guesses, double delta, double alpha);

// Estimates the same at 95 %: a one-sided lower bound, with the p-value of "epsilon 0".
//
// Returns   unit epsilon; no value, with a reason, without guesses or with more guesses than
//           canaries
// Requires  otherwise as one_run_p_value
Estimate one_run_estimate(const OneRunGuesses& guesses, double delta);

// Returns the largest epsilon that so many guesses could prove, all being right.
double largest_provable_epsilon(std::int64_t canaries, std::int64_t guesses, double delta,
                                double alpha);

}  // namespace souvenir
