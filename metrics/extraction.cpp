#include "metrics/extraction.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "metrics/require.h"

namespace souvenir {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLn2 = 0.693147180559945309417;
constexpr double kLn10 = 2.302585092994045684018;

// Negated comparisons, so that a NaN is refused too.
// log(1 - e^x) for x <= 0, precise at both ends.
double log_one_minus_exp(double x) {
  return x > -kLn2 ? std::log(-std::expm1(x)) : std::log1p(-std::exp(x));
}

// log of -log(1 - p_z): the rate at which the chance of no success decays with each query.
// Below e^-36 it is p_z itself to rounding, and e^x may be 0.
double log_hazard(double log_p) {
  return log_p < -36.0 ? log_p : std::log(-log_one_minus_exp(log_p));
}

// A running sum that keeps what rounding loses (Neumaier).
struct CompensatedSum {
  double sum = 0.0;
  double lost = 0.0;

  void add(double x) {
    const double next = sum + x;
    lost += std::abs(sum) >= std::abs(x) ? (sum - next) + x : (x - next) + sum;
    sum = next;
  }
};

}  // namespace

double log_success_within(double log_p, double n) {
  require(log_p <= 0.0, "log_success_within: log_p must be at most 0");
  require(n >= 0.0 && std::isfinite(n), "log_success_within: n must be finite, at least 0");
  if (n == 0.0 || log_p == -kInfinity) return -kInfinity;
  const double log_total = std::log(n) + log_hazard(log_p);
  // 1 - e^-t is t to rounding below e^-36.
  return log_total < -36.0 ? log_total : log_one_minus_exp(-std::exp(log_total));
}

double success_within(double log_p, double n) { return std::exp(log_success_within(log_p, n)); }

double expected_extraction_rate(std::span<const double> log_p, double n) {
  require(!log_p.empty(), "expected_extraction_rate: expected at least one string");
  CompensatedSum total;
  for (const double x : log_p) total.add(success_within(x, n));
  return (total.sum + total.lost) / static_cast<double>(log_p.size());
}

double queries_needed(double log_p, double p) {
  require(log_p <= 0.0, "queries_needed: log_p must be at most 0");
  require(p > 0.0 && p < 1.0, "queries_needed: p must lie in (0, 1)");
  if (log_p == -kInfinity) return kInfinity;
  const double ratio = std::log1p(-p) / -std::exp(log_hazard(log_p));
  if (!std::isfinite(ratio)) return std::exp(log10_queries_needed(log_p, p) * kLn10);
  const double n = std::max(1.0, std::ceil(ratio));
  // Rounding may have put the ratio just above a whole number; the one definition decides. Beyond
  // 2^30 its tolerance would be a sizeable part of a query.
  const bool one_less = n > 1.0 && n < 0x1p30 && is_extractable(log_p, n - 1.0, p);
  return one_less ? n - 1.0 : n;
}

double log10_queries_needed(double log_p, double p) {
  require(log_p <= 0.0, "log10_queries_needed: log_p must be at most 0");
  require(p > 0.0 && p < 1.0, "log10_queries_needed: p must lie in (0, 1)");
  if (log_p == -kInfinity) return kInfinity;
  return std::max(0.0, (std::log(-std::log1p(-p)) - log_hazard(log_p)) / kLn10);
}

double log_extraction_threshold(double n, double p) {
  require(n >= 1.0 && std::isfinite(n), "log_extraction_threshold: n must be finite, at least 1");
  require(p > 0.0 && p <= 1.0, "log_extraction_threshold: p must lie in (0, 1]");
  return std::log(-std::expm1(std::log1p(-p) / n));
}

bool is_extractable(double log_p, double n, double p) {
  require(log_p <= 0.0, "is_extractable: log_p must be at most 0");
  return log_p >= log_extraction_threshold(n, p) - 1e-12;
}

TokenMatches count_matches(std::span<const std::uint8_t> greedy) {
  TokenMatches result;
  bool missed = false;
  for (const std::uint8_t match : greedy) {
    ++result.tokens;
    if (match == 0) {
      missed = true;
      result.trailing = 0;
      continue;
    }
    ++result.correct;
    ++result.trailing;
    result.longest = std::max(result.longest, result.trailing);
    if (!missed) ++result.leading;
  }
  return result;
}

std::optional<WeakestRun> weakest_run(std::span<const std::int64_t> ranks, std::size_t run_tokens,
                                      std::span<const double> log_probs, std::int64_t rank_limit) {
  require(run_tokens > 0, "weakest_run: run_tokens must be positive");
  require(log_probs.empty() || log_probs.size() == ranks.size(),
          "weakest_run: expected as many log_probs as ranks");
  std::vector<double> log_bounds;
  log_bounds.reserve(ranks.size());
  for (std::size_t t = 0; t < ranks.size(); ++t) {
    require(ranks[t] >= 1, "weakest_run: ranks start at 1");
    const bool within = ranks[t] <= rank_limit;
    require(within || !log_probs.empty(), "weakest_run: a rank limit needs log_probs");
    log_bounds.push_back(within ? -std::log(static_cast<double>(ranks[t])) : log_probs[t]);
  }
  const std::vector<double> sums = window_sums(log_bounds, run_tokens);
  if (sums.empty()) return std::nullopt;
  const auto best = std::max_element(sums.begin(), sums.end());
  return WeakestRun{.bits = std::max(0.0, -*best / kLn2),
                    .start = static_cast<std::size_t>(best - sums.begin())};
}

std::vector<double> window_sums(std::span<const double> log_probs, std::size_t width) {
  require(width > 0, "window_sums: width must be positive");
  if (log_probs.size() < width) return {};
  std::vector<CompensatedSum> prefix(log_probs.size() + 1);  // of the finite entries
  std::vector<std::size_t> impossible(log_probs.size() + 1, 0);
  for (std::size_t t = 0; t < log_probs.size(); ++t) {
    require(log_probs[t] <= 0.0, "window_sums: log-probabilities must be at most 0");
    prefix[t + 1] = prefix[t];
    impossible[t + 1] = impossible[t];
    if (log_probs[t] == -kInfinity) {
      ++impossible[t + 1];
    } else {
      prefix[t + 1].add(log_probs[t]);
    }
  }
  std::vector<double> sums(log_probs.size() - width + 1);
  for (std::size_t start = 0; start < sums.size(); ++start) {
    const std::size_t end = start + width;
    const double sum =
        (prefix[end].sum - prefix[start].sum) + (prefix[end].lost - prefix[start].lost);
    sums[start] = impossible[end] > impossible[start] ? -kInfinity : std::min(0.0, sum);
  }
  return sums;
}

}  // namespace souvenir
