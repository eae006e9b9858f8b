#include "harness/early_stop.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace souvenir {

std::size_t stage_end(std::size_t done, std::size_t total) {
  const std::size_t end = done < kFirstStage                  ? kFirstStage
                          : done < kFirstStage + kSecondStage ? kFirstStage + kSecondStage
                                                              : total;
  return std::min(end, total);
}

bool can_stop(const ScoreObservation& observation, const EarlyStop& stop, std::size_t tokens) {
  const auto count = static_cast<std::ptrdiff_t>(tokens);
  const auto gaps = observation.gaps.begin();
  if (std::none_of(gaps, gaps + count,
                   [&](float gap) { return static_cast<double>(gap) < -stop.near_tie_delta; })) {
    return false;
  }
  const auto out_of_reach = [&](const std::vector<double>& log_probs) {
    return std::accumulate(log_probs.begin(), log_probs.begin() + count, 0.0) < stop.log_p;
  };
  const auto& rules = observation.rule_log_probs;
  return rules.empty() ? out_of_reach(observation.log_probs)
                       : std::all_of(rules.begin(), rules.end(), out_of_reach);
}

void cut_at_stop(ScoreObservation& observation, const EarlyStop& stop) {
  const std::size_t total = observation.log_probs.size();
  std::size_t end = stage_end(0, total);
  while (end < total && !can_stop(observation, stop, end)) end = stage_end(end, total);
  const auto cut = [end](auto& values) {
    if (values.size() > end) values.resize(end);
  };
  cut(observation.log_probs);
  cut(observation.ranks);
  cut(observation.ties);
  cut(observation.gaps);
  cut(observation.argmax);
  cut(observation.entropies);
  cut(observation.mean_log_probs);
  cut(observation.variance_log_probs);
  for (auto& rule : observation.rule_log_probs) cut(rule);
  for (auto& temperature : observation.log_sum_exps) cut(temperature);
  cut(observation.top_ids);
  cut(observation.top_logits);
}

}  // namespace souvenir
