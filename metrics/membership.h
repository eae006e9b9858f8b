#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace souvenir {

// One number about one string: higher = more like a string the model was trained on. Never NaN or
// infinite.
//
//   reason   why there is no value
//   clamped  tokens whose distribution was nearly a point (min_k_pp), whose deviation was set to
//            the least one
struct TokenScore {
  std::optional<double> value;
  std::string reason;
  std::int64_t clamped = 0;
};

// All functions take natural logarithms of the probabilities of a string's scored tokens, in text
// order; `reference` those of another model for the same tokens. Vectors of different lengths throw
// std::invalid_argument; no token, or one of probability 0, gives a score without a value. Means
// and ratios are in double.

// Mean log-probability: the negative loss (Yeom et al. 2018).
TokenScore loss_score(std::span<const double> log_probs);

// Mean log-probability above the reference model's (Carlini et al. 2021; as a difference, per
// token, which for the same tokens is also per byte).
TokenScore reference_score(std::span<const double> log_probs, std::span<const double> reference);

// How much likelier a token is on average (its geometric mean probability) than a model that was
// not trained on the text would make it: the logarithm of RMIA's ratio, with one reference model
// (Zarifzadeh et al. 2024, offline). The share of a population that a text beats, which RMIA
// counts, ranks texts the same way and only adds ties.
//
//   scaling  a: the probability without the text is taken for ((1 + a) p_reference + 1 - a) / 2
//
// Requires  scaling in [0, 1]; else throws std::invalid_argument
TokenScore rmia_score(std::span<const double> log_probs, std::span<const double> reference,
                      double scaling = 0.3);

// Minus the mean logarithm of the tokens' ranks (Mitchell et al. 2023): 0 where the model expects
// every token first.
//
//   ranks  [tokens] 1 is the most likely
//
// Requires  each at least 1; else throws std::invalid_argument
TokenScore log_rank_score(std::span<const std::int64_t> ranks);

// Minus the loss per byte that zlib needs for the text (Carlini et al. 2021).
//
// Requires  compressed_bytes > 0; else throws std::invalid_argument
TokenScore zlib_score(std::span<const double> log_probs, std::size_t compressed_bytes);

// Loss of the lower-cased text, by its own tokens, over the loss of the text. A loss below 1e-12
// nats counts as that: a text all of whose tokens are certain scores high, not infinite.
TokenScore lowercase_score(std::span<const double> log_probs,
                           std::span<const double> lowercase_log_probs);

// Returns how many of `tokens` the share `k` is: rounded down, at least one. Rounding errors of k
// decide nothing: 0.29 of 100 is 29.
//
// Requires  k in (0, 1]; else throws std::invalid_argument
std::size_t share_of_tokens(double k, std::size_t tokens);

// Mean of the share `k` of least likely tokens (Shi et al. 2024, Min-K% Prob).
TokenScore min_k_score(std::span<const double> log_probs, double k);

// The same over log-probabilities standardised, token by token, by their mean and variance under
// the model's own distribution (Zhang et al. 2025, Min-K%++). Deviations below 1e-6 nats count as
// that.
//
//   mean_log_probs, variance  [tokens] of log p under p
TokenScore min_k_pp_score(std::span<const double> log_probs, std::span<const double> mean_log_probs,
                          std::span<const double> variance, double k);

// Mean log-probability of the tokens that are both among the share `k` of least likely ones and
// predicted with an entropy below `max_entropy` nats: confident and wrong (SURP, Zhang and Wu
// 2024). No value if there is no such token.
TokenScore surp_score(std::span<const double> log_probs, std::span<const double> entropies,
                      double k, double max_entropy);

// Of what a fine-tuned model changed at tokens it still gets wrong, how much speaks for the text:
// gains P and losses N in log-probability over the reference (EZ-MIA 2026).
//
//   greedy       [tokens] not 0 where the token is the model's most likely one
//   ez_score     P / (P + N): ranks as P / N does, and highest where nothing was lost; no value
//                with fewer than two tokens wrong, or where nothing changed
//   ez_ratio     as published: P / (N + 1e-12), and 0 where N is 0 or fewer than two are wrong
//   skip_first   leaves the first token out, as published for texts scored from their beginning
TokenScore ez_score(std::span<const double> log_probs, std::span<const double> reference,
                    std::span<const std::uint8_t> greedy, bool skip_first);
TokenScore ez_ratio(std::span<const double> log_probs, std::span<const double> reference,
                    std::span<const std::uint8_t> greedy, bool skip_first);

// The share of windows in which the model is ahead of the reference, averaged over window lengths
// (WBC 2026). Windows longer than the text are left out; if all are, one window holds it all.
//
// Requires  windows not empty, each at least 1; else throws std::invalid_argument
TokenScore wbc_score(std::span<const double> log_probs, std::span<const double> reference,
                     std::span<const std::size_t> windows);

// The ten window lengths of the paper's equation 12: from 2 to 40, evenly spaced in logarithm.
std::vector<std::size_t> wbc_windows();

}  // namespace souvenir
