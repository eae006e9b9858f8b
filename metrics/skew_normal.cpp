#include "metrics/skew_normal.h"

#include <algorithm>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/math/special_functions/owens_t.hpp>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "metrics/special.h"

namespace souvenir {
namespace {

void check(const SkewNormal& d, double x) {
  if (!std::isfinite(x) || !std::isfinite(d.shape) || !std::isfinite(d.location) ||
      !std::isfinite(d.scale) || !(d.scale > 0.0)) {
    throw std::invalid_argument("skew_normal: x and parameters must be finite, scale positive");
  }
}

double log_density(double z, double shape) {
  return std::log(2.0) - 0.5 * z * z - 0.5 * std::log(2.0 * std::numbers::pi) +
         normal_log_cdf(shape * z);
}

// phi(u) / Phi(u).
double mills(double u) {
  return std::exp(-0.5 * u * u - 0.5 * std::log(2.0 * std::numbers::pi) - normal_log_cdf(u));
}

// Derivative of the log-density: positive left of the mode.
double slope(double z, double shape) { return shape * mills(shape * z) - z; }

// log of the mass below z, for z at or left of the mode. Going left from z the density falls at
// least as exp(-slope s - s^2 / 2), since its logarithm is concave by at least 1.
double log_left_tail(double z, double shape) {
  const double fall = std::max(0.0, slope(z, shape));
  constexpr double kNegligible = 45.0;  // e^-45 of the density at z
  const double reach = 2.0 * kNegligible / (fall + std::sqrt(fall * fall + 2.0 * kNegligible));
  const double at_z = log_density(z, shape);
  const auto integrand = [&](double s) { return std::exp(log_density(z - s, shape) - at_z); };
  using Quadrature = boost::math::quadrature::gauss_kronrod<double, 31>;
  return at_z + std::log(Quadrature::integrate(integrand, 0.0, reach, 8, 1e-11));
}

double log_one_minus_exp(double log_p) { return std::log(-std::expm1(log_p)); }

double log_cdf(double z, double shape) {
  // Where neither tail is small, Owen's function is quicker and as exact.
  const double mass =
      0.5 * std::erfc(-z / std::numbers::sqrt2) - 2.0 * boost::math::owens_t(z, shape);
  if (mass > 0.01 && mass < 0.99) return std::log(mass);
  if (slope(z, shape) >= 0.0) return log_left_tail(z, shape);
  return log_one_minus_exp(log_left_tail(-z, -shape));
}

}  // namespace

double skew_normal_log_cdf(const SkewNormal& distribution, double x) {
  check(distribution, x);
  return log_cdf((x - distribution.location) / distribution.scale, distribution.shape);
}

double skew_normal_log_upper(const SkewNormal& distribution, double x) {
  check(distribution, x);
  return log_cdf((distribution.location - x) / distribution.scale, -distribution.shape);
}

}  // namespace souvenir
