#include "probes/twin_ranks.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace souvenir {

void TwinRanks::add(const JudgedString& string) {
  if (string.observation.log_probs.empty()) return;
  const std::vector<double>& tokens = string.observation.log_probs;
  const double log_p = std::accumulate(tokens.begin(), tokens.end(), 0.0);
  if (!string.twin_of.empty()) {
    twins_[string.twin_of].push_back(log_p);
    return;
  }
  JudgedString kept;
  kept.subject = string.subject;
  kept.person = string.person;
  kept.kind = string.kind;
  kept.member = string.member;
  kept.positive_control = string.positive_control;
  kept.repetitions = string.repetitions;
  kept.strata = string.strata;
  subjects_.try_emplace(string.subject, Own{std::move(kept), log_p});
}

std::vector<TwinRank> TwinRanks::ranked(std::int64_t min_twins) const {
  std::vector<TwinRank> out;
  for (const auto& [id, twins] : twins_) {
    const auto own = subjects_.find(id);
    const auto count = static_cast<std::int64_t>(twins.size());
    if (own == subjects_.end() || count < min_twins) continue;
    const double best = *std::max_element(twins.begin(), twins.end());
    out.push_back({own->second.string, own->second.log_p > best, count});
  }
  std::sort(out.begin(), out.end(), [](const TwinRank& a, const TwinRank& b) {
    return std::tie(a.string.person, a.string.subject) <
           std::tie(b.string.person, b.string.subject);
  });
  return out;
}

}  // namespace souvenir
