#include "harness/near_tie.h"

#include <cmath>

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

}  // namespace souvenir
