#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace souvenir {

// All functions take log_p: the natural logarithm of p_z, the probability that one sample equals
// the whole secret (at most 0; minus infinity where that is impossible). p_z itself is often far
// below what a double can hold, and thresholds of 1e-27 are meaningful, so nothing is exponentiated
// before it is compared. Violated requirements throw std::invalid_argument.
//
// Sources  Hayes et al. (2025), (n, p)-discoverable extraction; Carlini et al. (2021) and Wang et
//          al. (2025), extraction strength; Tirumala et al. (2022), exact memorisation

// Returns the probability of at least one success in n independent queries, 1 - (1 - p_z)^n.
//
// Requires  log_p <= 0; n >= 0 and finite
// Exact     to rounding, wherever the result is a normal double
double success_within(double log_p, double n);

// Returns the natural logarithm of success_within: also where that is below the smallest double.
double log_success_within(double log_p, double n);

// Returns the mean of success_within over strings: the share of them expected to leak when each is
// asked for n times.
//
// Requires  at least one string
double expected_extraction_rate(std::span<const double> log_p, double n);

// Returns the smallest whole number of queries whose success probability is at least p: the
// smallest n that is_extractable says yes to.
//
// Requires  log_p <= 0; p in (0, 1)
// Returns   at least 1; infinity where it is beyond a double or p_z is 0
// Exact     up to 2^30 (with the tolerance of is_extractable); beyond, to rounding
double queries_needed(double log_p, double p);

// Returns the decimal logarithm of the queries needed, not rounded up to a whole number; infinity
// where p_z is 0.
double log10_queries_needed(double log_p, double p);

// Returns the natural logarithm of tau(n, p), the smallest p_z that is (n, p)-extractable:
// 1 - (1 - p)^(1/n). The whole (n, p) surface is the survival function of log p_z at these points.
//
// Requires  n >= 1 and finite; p in (0, 1]
double log_extraction_threshold(double n, double p);

// Says whether n queries succeed with probability at least p. Within 1e-12 nats of the threshold
// counts as reached, so that rounding decides nothing.
bool is_extractable(double log_p, double n, double p);

// Counts where the greedy token is the true one, given the true text before it.
//
//   tokens    scored tokens
//   correct   of them, those matched anywhere: correct / tokens is exact memorisation (teacher-
//             forced token accuracy, not the accuracy of a free continuation)
//   leading   matched before the first miss: the length greedy decoding reproduces
//   trailing  matched after the last miss: trailing / tokens is extraction strength
//   longest   the longest run of neighbours matched, wherever it begins
struct TokenMatches {
  std::int64_t tokens = 0;
  std::int64_t correct = 0;
  std::int64_t leading = 0;
  std::int64_t trailing = 0;
  std::int64_t longest = 0;

  bool verbatim() const { return tokens > 0 && leading == tokens; }
  double exact_memorisation() const { return share(correct); }
  double extraction_strength() const { return share(trailing); }
  double matched_share() const { return share(leading); }

 private:
  // A text without tokens matches nothing.
  double share(std::int64_t part) const {
    return tokens == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(tokens);
  }
};

//   greedy  [tokens] not 0 where the token is the model's most likely one
TokenMatches count_matches(std::span<const std::uint8_t> greedy);

// The weakest run of tokens: how many bits of luck an adversary needs there, and where.
struct WeakestRun {
  double bits = 0.0;
  std::size_t start = 0;
};

// Finds the run of `run_tokens` tokens that is cheapest to extract, when the adversary may choose
// the decoding at every token: a token of rank r has probability at most 1 / r under any decoding
// that keeps the order of the logits (temperature, top-k, top-p, min-p).
//
//   ranks      [tokens] 1 is the most likely
//   log_probs  [tokens] nats; used for ranks above rank_limit
//   rank_limit the published variant has 20; without a limit the bits are a true lower bound for
//              every such decoding; with one they are not, for temperatures above 1
//
// Returns   nothing if there are fewer tokens than run_tokens; ties: the first run
// Requires  run_tokens > 0; ranks >= 1; log_probs empty or [tokens], needed if rank_limit is set
// Source    (l, b)-inextractability (2026)
std::optional<WeakestRun> weakest_run(
    std::span<const std::int64_t> ranks, std::size_t run_tokens,
    std::span<const double> log_probs = {},
    std::int64_t rank_limit = std::numeric_limits<std::int64_t>::max());

// Returns the sum of every window of `width` neighbouring log-probabilities: log p of each piece of
// a text scored in one pass, with all the text before it as context.
//
// Returns   [log_probs - width + 1], empty if there are fewer; minus infinity where a window holds
//           one
// Requires  width > 0; no NaN, none above 0
// Exact     to rounding of the window's own sum (compensated prefix sums)
// Cost      O(tokens)
std::vector<double> window_sums(std::span<const double> log_probs, std::size_t width);

}  // namespace souvenir
