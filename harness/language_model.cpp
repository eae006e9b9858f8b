#include "harness/language_model.h"

#include <numeric>

namespace souvenir {

TotalScores LanguageModel::score_totals(std::span<const ScoreRequest> requests,
                                        std::int64_t token_budget) const {
  TotalScores totals;
  std::size_t begin = 0;
  while (begin < requests.size()) {
    std::size_t end = begin;
    std::int64_t tokens = 0;
    while (end < requests.size()) {
      // The last token is only predicted.
      const auto more =
          static_cast<std::int64_t>(requests[end].prefix_ids.size() + requests[end].ids.size()) - 1;
      if (end > begin && tokens + more > token_budget) break;
      tokens += more;
      ++end;
    }
    for (const ScoreResult& result : score(requests.subspan(begin, end - begin), {})) {
      totals.log_probs.emplace_back();
      if (!result.observation) continue;
      const std::vector<double>& each = result.observation->log_probs;
      totals.log_probs.back() = std::accumulate(each.begin(), each.end(), 0.0);
    }
    totals.forwards += tokens;
    begin = end;
  }
  return totals;
}

}  // namespace souvenir
