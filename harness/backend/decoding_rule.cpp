#include "harness/backend/decoding_rule.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "harness/error.h"

namespace souvenir {
namespace {

constexpr double kBoundary = 1e-12;  // what reaching p may miss by rounding of a float64 sum
constexpr double kDoubt = 1e-6;      // what a mass may be off by where log_sum_exp is float32

struct Candidate {
  double logit;
  TokenId id;
};

// The order of KeptTokens.
bool before(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id > b.id);
}

double weight(double logit, double maximum, const DecodingRule& rule) {
  return std::exp((logit - maximum) / rule.temperature);
}

// The least logit that top-k keeps; -infinity without a limit.
template <typename Logit>
double top_k_limit(std::span<const Logit> logits, std::int64_t k) {
  if (k <= 0 || k >= static_cast<std::int64_t>(logits.size()))
    return -std::numeric_limits<double>::infinity();
  std::vector<Logit> copy(logits.begin(), logits.end());
  const auto kth = copy.begin() + (k - 1);
  std::nth_element(copy.begin(), kth, copy.end(), std::greater<>());
  return static_cast<double>(*kth);
}

// Sorts [sorted, wanted) of `tokens`, whose first `sorted` are the head already.
void extend_head(std::vector<Candidate>& tokens, std::size_t sorted, std::size_t wanted) {
  const auto from = tokens.begin() + static_cast<std::ptrdiff_t>(sorted);
  const auto to = tokens.begin() + static_cast<std::ptrdiff_t>(wanted);
  if (wanted < tokens.size()) std::nth_element(from, to, tokens.end(), before);
  std::sort(from, to, before);
}

KeptTokens head_of_mass(std::vector<Candidate> tokens, double maximum, const DecodingRule& rule) {
  double total = 0;
  for (const Candidate& token : tokens) total += weight(token.logit, maximum, rule);
  const double wanted_mass =
      rule.top_p < 1.0 ? (rule.top_p - kBoundary) * total : std::numeric_limits<double>::infinity();
  double mass = 0;
  std::size_t sorted = 0, count = 0;
  while (count < tokens.size() && (count == 0 || mass < wanted_mass)) {
    if (count == sorted) {
      const std::size_t wanted = std::min(tokens.size(), std::max<std::size_t>(128, 4 * sorted));
      extend_head(tokens, sorted, wanted);
      sorted = wanted;
    }
    mass += weight(tokens[count].logit, maximum, rule);
    ++count;
  }
  const Candidate& last = tokens[count - 1];
  return {last.logit, last.id, std::log(mass) + maximum / rule.temperature};
}

// top-p over the whole row, from a head whose weights are known relative to the whole.
std::optional<KeptTokens> head_of_known_mass(const std::vector<Candidate>& tokens,
                                             double log_sum_exp, bool whole_row,
                                             const DecodingRule& rule) {
  double mass = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0 && std::abs(mass - rule.top_p) < kDoubt) return std::nullopt;
    if (i > 0 && mass > rule.top_p) {
      // A tie with the last of the list might go on behind it, and ids decide among equals.
      if (!whole_row && !(tokens[i].logit > tokens.back().logit)) return std::nullopt;
      return KeptTokens{tokens[i - 1].logit, tokens[i - 1].id, std::log(mass) + log_sum_exp};
    }
    mass += std::exp(tokens[i].logit / rule.temperature - log_sum_exp);
  }
  return std::nullopt;
}

template <typename Logit>
KeptTokens kept_of(std::span<const Logit> logits, const DecodingRule& rule) {
  const auto maximum = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  const double limit = top_k_limit(logits, rule.top_k);
  if (rule.top_p >= 1.0) {
    double total = 0;
    for (const Logit logit : logits)
      if (static_cast<double>(logit) >= limit)
        total += weight(static_cast<double>(logit), maximum, rule);
    return {limit, 0, std::log(total) + maximum / rule.temperature};
  }
  std::vector<Candidate> tokens;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto logit = static_cast<double>(logits[i]);
    if (logit >= limit) tokens.push_back({logit, static_cast<TokenId>(i)});
  }
  return head_of_mass(std::move(tokens), maximum, rule);
}

}  // namespace

bool truncates(const DecodingRule& rule, std::int64_t vocabulary) {
  return (rule.top_k > 0 && rule.top_k < vocabulary) || rule.top_p < 1.0;
}

KeptTokens kept_tokens(std::span<const float> logits, const DecodingRule& rule) {
  return kept_of(logits, rule);
}

KeptTokens kept_tokens(std::span<const double> logits, const DecodingRule& rule) {
  return kept_of(logits, rule);
}

std::optional<KeptTokens> kept_tokens_from_top(std::span<const float> top_logits,
                                               std::span<const TokenId> top_ids,
                                               std::int64_t vocabulary, double log_sum_exp,
                                               const DecodingRule& rule) {
  const auto size = static_cast<std::int64_t>(top_logits.size());
  const bool whole_row = size == vocabulary;
  if (!truncates(rule, vocabulary))
    return KeptTokens{-std::numeric_limits<double>::infinity(), 0, log_sum_exp};
  if (size == 0) return std::nullopt;
  std::vector<Candidate> tokens;
  for (std::size_t i = 0; i < top_logits.size(); ++i)
    tokens.push_back({static_cast<double>(top_logits[i]), top_ids[i]});
  std::sort(tokens.begin(), tokens.end(), before);
  if (rule.top_k <= 0 || rule.top_k >= vocabulary)
    return head_of_known_mass(tokens, log_sum_exp, whole_row, rule);
  if (rule.top_k > size) return std::nullopt;
  const double limit = tokens[static_cast<std::size_t>(rule.top_k - 1)].logit;
  if (!whole_row && limit == tokens.back().logit) return std::nullopt;  // ties may go on
  std::erase_if(tokens, [&](const Candidate& token) { return token.logit < limit; });
  const double maximum = tokens.front().logit;
  return head_of_mass(std::move(tokens), maximum, rule);
}

double rule_log_prob(const KeptTokens& kept, const DecodingRule& rule, double logit, TokenId id) {
  if (!kept.keeps(logit, id)) return -std::numeric_limits<double>::infinity();
  return logit / rule.temperature - kept.log_sum_exp;
}

void check_rule(const DecodingRule& rule) {
  const auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, what); };
  if (!(rule.temperature > 0) || !std::isfinite(rule.temperature))
    refuse("temperature: expected a number above 0, found " + std::to_string(rule.temperature));
  if (rule.top_k < 0)
    refuse("top-k: expected 0 (no limit) or more, found " + std::to_string(rule.top_k));
  if (!(rule.top_p > 0) || rule.top_p > 1)
    refuse("top-p: expected a number above 0 and at most 1, found " + std::to_string(rule.top_p));
}

}  // namespace souvenir
