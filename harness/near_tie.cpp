#include "harness/near_tie.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace souvenir {

std::vector<std::uint8_t> greedy_matches(const ScoreObservation& observation,
                                         std::span<const TokenId> scored) {
  std::vector<std::uint8_t> matches(observation.argmax.size());
  for (std::size_t t = 0; t < matches.size(); ++t) {
    matches[t] = observation.argmax[t] == scored[t] ? 1 : 0;
  }
  return matches;
}

bool hangs_on_near_tie(const ScoreObservation& observation, double delta) {
  bool near = false;
  for (const float gap : observation.gaps) {
    if (static_cast<double>(gap) < -delta) {
      return false;
    }
    near = near || std::abs(static_cast<double>(gap)) < delta;
  }
  return near;
}

bool is_doubtful(const ScoreObservation& observation, const Doubt& doubt) {
  if (hangs_on_near_tie(observation, doubt.near_tie_delta)) return true;
  const auto& rules = observation.rule_log_probs;
  return std::any_of(rules.begin(), rules.end(), [&](const std::vector<double>& tokens) {
    const double log_p = std::accumulate(tokens.begin(), tokens.end(), 0.0);
    const auto& all = doubt.log_thresholds;
    return std::any_of(all.begin(), all.end(),
                       [&](double one) { return std::abs(log_p - one) < doubt.margin; });
  });
}

}  // namespace souvenir
