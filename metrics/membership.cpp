#include "metrics/membership.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "metrics/reason.h"
#include "metrics/require.h"

namespace souvenir {
namespace {

constexpr double kLeastLoss = 1e-12;
constexpr double kLeastDeviation = 1e-6;
constexpr double kGuard = 1e-12;

bool finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
}

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TokenScore number(double value) {
  if (!std::isfinite(value)) return {std::nullopt, because("beyond_a_double"), 0};
  return {value, {}, 0};
}

TokenScore none(std::string reason) { return {std::nullopt, std::move(reason), 0}; }

// Why these tokens have no score; nothing if they have one.
std::string refusal(std::span<const double> log_probs) {
  require(std::none_of(log_probs.begin(), log_probs.end(), [](double x) { return std::isnan(x); }),
          "membership: a log-probability is not a number");
  if (log_probs.empty()) return because("no_tokens");
  return finite(log_probs) ? "" : because("impossible_token");
}

std::string refusal(std::span<const double> log_probs, std::span<const double> reference) {
  require(log_probs.size() == reference.size(),
          "membership: both models must score the same tokens");
  const std::string own = refusal(log_probs);
  if (!own.empty()) return own;
  return refusal(reference).empty() ? "" : because("impossible_for_reference");
}

double mean_of_least(std::vector<double> values, std::size_t count) {
  const auto end = values.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(values.begin(), end - 1, values.end());
  std::sort(values.begin(), end);  // sums in one order, whatever the selection left
  return std::accumulate(values.begin(), end, 0.0) / static_cast<double>(count);
}

// What changed at the tokens the model gets wrong.
struct Changes {
  std::size_t wrong = 0;
  double gains = 0.0;
  double losses = 0.0;
};

Changes changes(std::span<const double> log_probs, std::span<const double> reference,
                std::span<const std::uint8_t> greedy, bool skip_first) {
  require(log_probs.size() == greedy.size(), "membership: ez needs one flag for each token");
  Changes result;
  for (std::size_t t = skip_first ? 1 : 0; t < log_probs.size(); ++t) {
    if (greedy[t] != 0) continue;
    const double change = log_probs[t] - reference[t];
    ++result.wrong;
    (change > 0.0 ? result.gains : result.losses) += std::abs(change);
  }
  return result;
}

// The share of windows of `width` neighbouring changes whose sum is above 0.
double share_ahead(const std::vector<double>& change, std::size_t width) {
  std::size_t ahead = 0;
  const std::size_t windows = change.size() - width + 1;
  for (std::size_t i = 0; i < windows; ++i) {
    const auto begin = change.begin() + static_cast<std::ptrdiff_t>(i);
    const double sum = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(width), 0.0);
    ahead += sum > 0.0 ? 1 : 0;
  }
  return static_cast<double>(ahead) / static_cast<double>(windows);
}

}  // namespace

TokenScore loss_score(std::span<const double> log_probs) {
  if (std::string reason = refusal(log_probs); !reason.empty()) return none(std::move(reason));
  return number(mean(log_probs));
}

TokenScore reference_score(std::span<const double> log_probs, std::span<const double> reference) {
  if (std::string reason = refusal(log_probs, reference); !reason.empty()) {
    return none(std::move(reason));
  }
  return number(mean(log_probs) - mean(reference));
}

TokenScore rmia_score(std::span<const double> log_probs, std::span<const double> reference,
                      double scaling) {
  require(scaling >= 0.0 && scaling <= 1.0, "rmia_score: scaling must lie in [0, 1]");
  if (std::string reason = refusal(log_probs, reference); !reason.empty()) {
    return none(std::move(reason));
  }
  const double without = 0.5 * ((1.0 + scaling) * std::exp(mean(reference)) + 1.0 - scaling);
  return number(mean(log_probs) - std::log(without));
}

TokenScore log_rank_score(std::span<const std::int64_t> ranks) {
  if (ranks.empty()) return none(because("no_tokens"));
  double sum = 0.0;
  for (const std::int64_t rank : ranks) {
    require(rank >= 1, "log_rank_score: ranks start at 1");
    sum -= std::log(static_cast<double>(rank));
  }
  return number(sum / static_cast<double>(ranks.size()));
}

TokenScore zlib_score(std::span<const double> log_probs, std::size_t compressed_bytes) {
  require(compressed_bytes > 0, "zlib_score: zlib needs at least a byte for any text");
  if (std::string reason = refusal(log_probs); !reason.empty()) return none(std::move(reason));
  return number(mean(log_probs) / static_cast<double>(compressed_bytes));
}

TokenScore lowercase_score(std::span<const double> log_probs,
                           std::span<const double> lowercase_log_probs) {
  if (std::string reason = refusal(log_probs); !reason.empty()) return none(std::move(reason));
  if (const std::string reason = refusal(lowercase_log_probs); !reason.empty()) {
    return none(because("lower_cased", {reason}));
  }
  const double loss = std::max(kLeastLoss, -mean(log_probs));
  return number(std::max(kLeastLoss, -mean(lowercase_log_probs)) / loss);
}

std::size_t share_of_tokens(double k, std::size_t tokens) {
  require(k > 0.0 && k <= 1.0, "share_of_tokens: k must lie in (0, 1]");
  const double share = std::floor(k * static_cast<double>(tokens) + 1e-9);
  return std::clamp<std::size_t>(static_cast<std::size_t>(share), tokens == 0 ? 0 : 1, tokens);
}

TokenScore min_k_score(std::span<const double> log_probs, double k) {
  const std::size_t count = share_of_tokens(k, log_probs.size());
  if (std::string reason = refusal(log_probs); !reason.empty()) return none(std::move(reason));
  return number(mean_of_least({log_probs.begin(), log_probs.end()}, count));
}

TokenScore min_k_pp_score(std::span<const double> log_probs, std::span<const double> mean_log_probs,
                          std::span<const double> variance, double k) {
  require(log_probs.size() == mean_log_probs.size() && log_probs.size() == variance.size(),
          "min_k_pp_score: one mean and one variance for each token");
  const std::size_t count = share_of_tokens(k, log_probs.size());
  if (std::string reason = refusal(log_probs); !reason.empty()) return none(std::move(reason));
  require(finite(mean_log_probs) && finite(variance), "min_k_pp_score: moments must be finite");
  std::vector<double> standardised(log_probs.size());
  std::int64_t clamped = 0;
  for (std::size_t t = 0; t < log_probs.size(); ++t) {
    // Rounding may leave a variance just below 0.
    const double deviation = std::sqrt(std::max(0.0, variance[t]));
    clamped += deviation < kLeastDeviation ? 1 : 0;
    standardised[t] = (log_probs[t] - mean_log_probs[t]) / std::max(deviation, kLeastDeviation);
  }
  TokenScore score = number(mean_of_least(std::move(standardised), count));
  score.clamped = clamped;
  return score;
}

TokenScore surp_score(std::span<const double> log_probs, std::span<const double> entropies,
                      double k, double max_entropy) {
  require(log_probs.size() == entropies.size(), "surp_score: one entropy for each token");
  const std::size_t count = share_of_tokens(k, log_probs.size());
  if (std::string reason = refusal(log_probs); !reason.empty()) return none(std::move(reason));
  std::vector<std::size_t> order(log_probs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return log_probs[a] < log_probs[b]; });
  double sum = 0.0;
  std::size_t surprising = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (entropies[order[i]] < max_entropy) {
      sum += log_probs[order[i]];
      ++surprising;
    }
  }
  if (surprising == 0) return none(because("none_surprising"));
  return number(sum / static_cast<double>(surprising));
}

TokenScore ez_score(std::span<const double> log_probs, std::span<const double> reference,
                    std::span<const std::uint8_t> greedy, bool skip_first) {
  if (std::string reason = refusal(log_probs, reference); !reason.empty()) {
    return none(std::move(reason));
  }
  const Changes found = changes(log_probs, reference, greedy, skip_first);
  if (found.wrong < 2) return none(because("few_mispredicted"));
  if (found.gains + found.losses <= 0.0) return none(because("both_say_the_same"));
  return number(found.gains / (found.gains + found.losses));
}

TokenScore ez_ratio(std::span<const double> log_probs, std::span<const double> reference,
                    std::span<const std::uint8_t> greedy, bool skip_first) {
  if (std::string reason = refusal(log_probs, reference); !reason.empty()) {
    return none(std::move(reason));
  }
  const Changes found = changes(log_probs, reference, greedy, skip_first);
  if (found.wrong < 2 || found.losses <= 0.0) return number(0.0);
  return number(found.gains / (found.losses + kGuard));
}

TokenScore wbc_score(std::span<const double> log_probs, std::span<const double> reference,
                     std::span<const std::size_t> windows) {
  require(!windows.empty() && *std::min_element(windows.begin(), windows.end()) > 0,
          "wbc_score: windows must hold at least one token");
  if (std::string reason = refusal(log_probs, reference); !reason.empty()) {
    return none(std::move(reason));
  }
  std::vector<double> change(log_probs.size());
  std::transform(log_probs.begin(), log_probs.end(), reference.begin(), change.begin(),
                 [](double own, double other) { return own - other; });
  double sum = 0.0;
  std::size_t used = 0;
  for (const std::size_t width : windows) {
    if (width > change.size()) continue;
    sum += share_ahead(change, width);
    ++used;
  }
  if (used == 0) return number(share_ahead(change, change.size()));
  return number(sum / static_cast<double>(used));
}

std::vector<std::size_t> wbc_windows() {
  std::vector<std::size_t> windows;
  for (int k = 0; k < 10; ++k) {
    windows.push_back(static_cast<std::size_t>(std::lround(2.0 * std::pow(20.0, k / 9.0))));
  }
  return windows;
}

}  // namespace souvenir
