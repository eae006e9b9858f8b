#include "metrics/epsilon.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "metrics/reason.h"
#include "metrics/require.h"
#include "metrics/special.h"

namespace souvenir {
namespace {

void check(const OneRunGuesses& g, double delta) {
  require(g.canaries >= 1, "one_run: at least one canary");
  require(g.guesses >= 0 && g.guesses <= g.canaries, "one_run: guesses must lie in [0, canaries]");
  require(g.correct >= 0 && g.correct <= g.guesses, "one_run: correct must lie in [0, guesses]");
  require(delta >= 0.0 && delta < 1.0, "one_run: delta must lie in [0, 1)");
}

// The largest mean probability of the counts just below v: max over i of P[v > Bin(r, q) >= v - i]
// over i.
double heaviest_below(std::int64_t r, std::int64_t v, double epsilon) {
  const auto n = static_cast<double>(r);
  const double log_q = -std::log1p(std::exp(-epsilon));
  const double log_not_q = -epsilon + log_q;
  const auto count = static_cast<double>(v - 1);
  // log P[Bin = v - 1]; then P[k - 1] = P[k] k / (n - k + 1) (1 - q) / q.
  double log_mass = std::lgamma(n + 1.0) - std::lgamma(count + 1.0) - std::lgamma(n - count + 1.0) +
                    count * log_q + (n - count) * log_not_q;
  double mass = 0.0;
  double heaviest = 0.0;
  for (std::int64_t i = 1; i <= v; ++i) {
    mass += std::exp(log_mass);
    heaviest = std::max(heaviest, mass / static_cast<double>(i));
    const auto k = static_cast<double>(v - i);
    log_mass += std::log(k / (n - k + 1.0)) - epsilon;  // minus infinity behind the last
  }
  return heaviest;
}

}  // namespace

double one_run_p_value(const OneRunGuesses& guesses, double epsilon, double delta) {
  check(guesses, delta);
  require(epsilon >= 0.0 && std::isfinite(epsilon), "one_run: epsilon must be at least 0");
  if (guesses.correct == 0) return 1.0;
  const double q = 1.0 / (1.0 + std::exp(-epsilon));
  const auto v = static_cast<double>(guesses.correct);
  const auto r = static_cast<double>(guesses.guesses);
  const double tail = beta_cdf(v, r - v + 1.0, q);
  if (delta == 0.0) return std::min(1.0, tail);
  const double heaviest = heaviest_below(guesses.guesses, guesses.correct, epsilon);
  return std::min(1.0, tail + 2.0 * static_cast<double>(guesses.canaries) * delta * heaviest);
}

double one_run_epsilon(const OneRunGuesses& guesses, double delta, double alpha) {
  require(alpha > 0.0 && alpha < 1.0, "one_run: alpha must lie in (0, 1)");
  const auto refuted = [&](double epsilon) {
    return one_run_p_value(guesses, epsilon, delta) < alpha;
  };
  if (!refuted(0.0)) return 0.0;
  double low = 0.0;
  double high = 1.0;
  // At 64 a guess is wrong with probability e^-64: nothing is refuted there.
  while (refuted(high) && high < 64.0) {
    low = high;
    high *= 2.0;
  }
  while (high - low > 1e-11) {
    const double middle = 0.5 * (low + high);
    (refuted(middle) ? low : high) = middle;
  }
  return low;
}

Estimate one_run_estimate(const OneRunGuesses& guesses, double delta) {
  Estimate result;
  result.unit = "epsilon";
  result.sides = Sides::one;
  result.level = kConfidence;
  result.n = guesses.canaries;
  result.method = "one training run, Steinke, Nasr and Jagielski (2023)";
  if (guesses.canaries < 1 || guesses.guesses > guesses.canaries || guesses.guesses < 1) {
    result.reason = guesses.guesses < 1 || guesses.canaries < 1
                        ? because("no_guesses")
                        : because("too_many_guesses", {std::to_string(guesses.guesses),
                                                       std::to_string(guesses.canaries)});
    return result;
  }
  result.value = one_run_epsilon(guesses, delta, 1.0 - kConfidence);
  result.low = result.value;
  result.bound_low = result.value;
  result.count = guesses.correct;
  result.n_effective = static_cast<double>(guesses.guesses);
  result.p_value = one_run_p_value(guesses, 0.0, delta);
  return result;
}

double largest_provable_epsilon(std::int64_t canaries, std::int64_t guesses, double delta,
                                double alpha) {
  return one_run_epsilon({canaries, guesses, guesses}, delta, alpha);
}

}  // namespace souvenir
