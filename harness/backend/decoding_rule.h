#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "harness/language_model.h"
#include "harness/types.h"

namespace souvenir {

// The tokens a decoding rule leaves in the draw, and their mass.
//
// They are a head of the row sorted by logit, equal logits by id from the highest: that is what
// transformers keeps, whose top-p removes from the other end of a stable ascending sort.
//
//   lowest, lowest_id  the last token of that head
//   log_sum_exp        nats; of logit / temperature over the head
struct KeptTokens {
  double lowest = 0;
  TokenId lowest_id = 0;
  double log_sum_exp = 0;

  bool keeps(double logit, TokenId id) const {
    return logit > lowest || (logit == lowest && id >= lowest_id);
  }
};

// Finds what `rule` keeps of a row of logits, in float64.
//
// Exact     for every k and p. A cumulative mass within 1e-12 of p counts as having reached it.
// Requires  a row that is not empty, finite logits, a rule that check_rule passes
// Source    transformers: TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper, in that
// order
KeptTokens kept_tokens(std::span<const float> logits, const DecodingRule& rule);
KeptTokens kept_tokens(std::span<const double> logits, const DecodingRule& rule);

// Finds the same from the most likely tokens alone, if they suffice.
//
//   top_logits   best first, ties by id from the lowest
//   vocabulary   tokens in the whole row
//   log_sum_exp  nats; of logit / rule.temperature over the whole row
//
// Returns  nothing where the rest of the row could matter, or a rounding of log_sum_exp
std::optional<KeptTokens> kept_tokens_from_top(std::span<const float> top_logits,
                                               std::span<const TokenId> top_ids,
                                               std::int64_t vocabulary, double log_sum_exp,
                                               const DecodingRule& rule);

// Returns the log-probability of a token under a rule, in nats; -infinity if it is not kept.
double rule_log_prob(const KeptTokens& kept, const DecodingRule& rule, double logit, TokenId id);

// Returns whether the rule cuts anything off a row of `vocabulary` tokens.
bool truncates(const DecodingRule& rule, std::int64_t vocabulary);

// Refuses a rule outside its ranges.
//
// Errors  usage: temperature not above 0, top_k negative, top_p outside (0, 1]
void check_rule(const DecodingRule& rule);

}  // namespace souvenir
