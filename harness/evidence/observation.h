#pragma once

#include <cstdint>
#include <vector>

#include "harness/types.h"

namespace souvenir {

// Holds what one teacher-forced pass says about a string, before any judgement.
//
// All per-token vectors have one entry per scored token, in text order; entry t speaks of the
// distribution that predicts token t given the true tokens before it.
//
//   log_probs           nats, natural logarithm of the target's probability over the vocabulary
//   ranks               1 + number of tokens with a strictly greater logit
//   ties                number of other tokens whose logit equals the target's
//   gaps                logits; target minus the best other token: negative if some token beats it
//   argmax              the most likely token; ties: the lowest id
//   entropies           nats
//   mean_log_probs      nats; mean of log p under p itself (minus the entropy)
//   variance_log_probs  nats squared; variance of log p under p
//   rule_log_probs      [rule][token] nats under each decoding rule asked; -infinity if impossible
//   log_sum_exps        [temperature][token] log-sum-exp of logits / temperature
//   top_ids, top_logits [token][k] the most likely tokens, best first, when asked
//
// Sensitive: ids and per-token values of a subject's string decode to it; never leaves private/.
struct ScoreObservation {
  std::vector<double> log_probs;
  std::vector<std::int64_t> ranks;
  std::vector<std::int32_t> ties;
  std::vector<float> gaps;
  std::vector<TokenId> argmax;
  std::vector<double> entropies;
  std::vector<double> mean_log_probs;
  std::vector<double> variance_log_probs;
  std::vector<std::vector<double>> rule_log_probs;
  std::vector<std::vector<double>> log_sum_exps;
  std::vector<std::vector<TokenId>> top_ids;
  std::vector<std::vector<float>> top_logits;
};

// Why generation ended.
enum class StopReason { length, eos };

// Holds one continuation, without its prefix and without the end-of-sequence token.
struct Generation {
  std::vector<TokenId> ids;
  StopReason stop = StopReason::length;
};

}  // namespace souvenir
