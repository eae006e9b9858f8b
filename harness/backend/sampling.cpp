#include "harness/backend/sampling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "harness/backend/decoding_rule.h"
#include "harness/backend/kernels/kernels.h"

namespace souvenir {
namespace {

constexpr std::size_t kTop = 64;

struct Choice {
  TokenId id;
  double weight;
};

TokenId pick(const std::vector<Choice>& choices, double uniform) {
  double total = 0;
  for (const Choice& choice : choices) total += choice.weight;
  const double goal = uniform * total;
  double reached = 0;
  for (const Choice& choice : choices) {
    reached += choice.weight;
    if (reached > goal) return choice.id;
  }
  return choices.back().id;
}

// The choices where the most likely tokens suffice to know what the rule keeps, by id.
std::optional<std::vector<Choice>> choices_from_top(std::span<const float> logits,
                                                    const DecodingRule& rule) {
  const auto vocabulary = static_cast<std::int64_t>(logits.size());
  std::array<float, kTop> top_logits;
  std::array<TokenId, kTop> top_ids;
  kernels::TileState state;
  const auto inverse = static_cast<float>(1.0 / rule.temperature);
  double sum = 0;
  kernels::available()[0]->tile({logits.data(), vocabulary, 0, &state, &inverse, &sum, 1,
                                 top_logits.data(), top_ids.data(), static_cast<int>(kTop)});
  const auto count = static_cast<std::size_t>(state.top_count);
  const double log_sum_exp = static_cast<double>(state.maximum) / rule.temperature + std::log(sum);
  const auto kept = kept_tokens_from_top({top_logits.data(), count}, {top_ids.data(), count},
                                         vocabulary, log_sum_exp, rule);
  if (!kept) return std::nullopt;
  std::vector<Choice> choices;
  for (std::size_t i = 0; i < count; ++i) {
    if (!kept->keeps(static_cast<double>(top_logits[i]), top_ids[i])) continue;
    choices.push_back({top_ids[i], std::exp(static_cast<double>(top_logits[i]) / rule.temperature -
                                            kept->log_sum_exp)});
  }
  std::sort(choices.begin(), choices.end(),
            [](const Choice& a, const Choice& b) { return a.id < b.id; });
  return choices;
}

}  // namespace

TokenId sample_token(std::span<const float> logits, const DecodingRule& rule, double uniform) {
  if (truncates(rule, static_cast<std::int64_t>(logits.size())))
    if (const auto choices = choices_from_top(logits, rule)) return pick(*choices, uniform);
  const KeptTokens kept = kept_tokens(logits, rule);
  std::vector<Choice> choices;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (kept.keeps(static_cast<double>(logits[i]), id))
      choices.push_back(
          {id, std::exp(static_cast<double>(logits[i]) / rule.temperature - kept.log_sum_exp)});
  }
  return pick(choices, uniform);
}

}  // namespace souvenir
