#include "metrics/special.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "metrics/require.h"

namespace souvenir {
namespace {

// An infinite density at the ends of [0, 1] is an answer here, not an error.
using Lenient = boost::math::policies::policy<
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>>;

// Negated comparisons, so that a NaN is refused too.
enum class Tail { lower, upper };

double logistic(double u) {
  return u < 0.0 ? std::exp(u) / (1.0 + std::exp(u)) : 1.0 / (1.0 + std::exp(-u));
}

// Solves log tail(x) = log p for u, the logit of x, by Newton's method inside a bracket. The
// logarithm of either tail is concave in u, so after the first step Newton's method comes from one
// side; where a step leaves the bracket, or the tail is 0 to rounding, the bracket is halved.
// (The inverse that comes with Boost 1.74 ends in failed assertions for small tails.)
double beta_tail_inverse(double a, double b, double p, Tail tail) {
  const double direction = tail == Tail::lower ? 1.0 : -1.0;
  double left = -745.0;  // e^-745 is the smallest double
  double right = 745.0;
  double u = std::log(a / b);
  for (int iteration = 0; iteration < 400 && right - left > 0.0; ++iteration) {
    const double x = logistic(u);
    const double mass = tail == Tail::lower ? boost::math::ibeta(a, b, x, Lenient())
                                            : boost::math::ibetac(a, b, x, Lenient());
    const double excess = direction * (mass > 0.0 ? std::log(mass / p) : -1e300);
    (excess < 0.0 ? left : right) = u;
    const double slope = boost::math::ibeta_derivative(a, b, x, Lenient()) * x * (1.0 - x) / mass;
    double next = u - excess / slope;
    if (!(next > left && next < right)) next = 0.5 * (left + right);
    const bool settled = std::abs(next - u) <= 1e-15 * std::max(1.0, std::abs(u));
    u = next;
    if (settled) break;
  }
  return logistic(u);
}

}  // namespace

double beta_quantile(double a, double b, double p) {
  require(a > 0.0 && b > 0.0 && std::isfinite(a) && std::isfinite(b),
          "beta_quantile: a and b must be positive and finite");
  require(p >= 0.0 && p <= 1.0, "beta_quantile: p must lie in [0, 1]");
  if (p == 0.0 || p == 1.0) return p;
  return beta_tail_inverse(a, b, p, Tail::lower);
}

double beta_quantile_upper(double a, double b, double q) {
  require(a > 0.0 && b > 0.0 && std::isfinite(a) && std::isfinite(b),
          "beta_quantile_upper: a and b must be positive and finite");
  require(q >= 0.0 && q <= 1.0, "beta_quantile_upper: q must lie in [0, 1]");
  if (q == 0.0 || q == 1.0) return 1.0 - q;
  return beta_tail_inverse(a, b, q, Tail::upper);
}

double beta_cdf(double a, double b, double x) {
  require(a > 0.0 && b > 0.0 && std::isfinite(a) && std::isfinite(b),
          "beta_cdf: a and b must be positive and finite");
  require(x >= 0.0 && x <= 1.0, "beta_cdf: x must lie in [0, 1]");
  return boost::math::ibeta(a, b, x, Lenient());
}

double normal_quantile(double p) {
  require(p > 0.0 && p < 1.0, "normal_quantile: p must lie in (0, 1)");
  return boost::math::quantile(boost::math::normal_distribution<>(), p);
}

double normal_log_cdf(double x) {
  require(!std::isnan(x), "normal_log_cdf: x must be a number");
  const double root_half = 1.0 / std::numbers::sqrt2;
  if (x > 0.0) return std::log1p(-0.5 * std::erfc(x * root_half));
  if (x > -37.0) return std::log(0.5 * std::erfc(-x * root_half));
  if (std::isinf(x)) return x;
  // Beyond, erfc underflows. The asymptotic series of Mills' ratio: its sixth term is below 1e-15.
  const double y = 1.0 / (x * x);
  const double series = 1.0 - y * (1.0 - y * (3.0 - y * (15.0 - y * (105.0 - y * 945.0))));
  return -0.5 * x * x - 0.5 * std::log(2.0 * std::numbers::pi) - std::log(-x) + std::log(series);
}

double normal_upper(double x) {
  require(!std::isnan(x), "normal_upper: x must be a number");
  return 0.5 * std::erfc(x / std::numbers::sqrt2);
}

double chi_squared_upper(double degrees, double x) {
  require(degrees > 0.0 && std::isfinite(degrees),
          "chi_squared_upper: degrees must be positive and finite");
  require(x >= 0.0, "chi_squared_upper: x must not be negative");
  if (std::isinf(x)) return 0.0;
  return boost::math::gamma_q(0.5 * degrees, 0.5 * x, Lenient());
}

double chi_squared_quantile_upper(double degrees, double q) {
  require(degrees > 0.0 && std::isfinite(degrees),
          "chi_squared_quantile_upper: degrees must be positive and finite");
  require(q > 0.0 && q < 1.0, "chi_squared_quantile_upper: q must lie in (0, 1)");
  return 2.0 * boost::math::gamma_q_inv(0.5 * degrees, q, Lenient());
}

double student_t_quantile(double degrees, double p) {
  require(degrees > 0.0 && std::isfinite(degrees),
          "student_t_quantile: degrees must be positive and finite");
  require(p > 0.0 && p < 1.0, "student_t_quantile: p must lie in (0, 1)");
  return boost::math::quantile(boost::math::students_t_distribution<>(degrees), p);
}

}  // namespace souvenir
