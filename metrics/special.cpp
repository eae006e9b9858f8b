#include "metrics/special.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <stdexcept>

namespace souvenir {
namespace {

// Negated comparisons, so that a NaN is refused too.
void require(bool holds, const char* message) {
  if (!holds) throw std::invalid_argument(message);
}

}  // namespace

double beta_quantile(double a, double b, double p) {
  require(a > 0.0 && b > 0.0 && std::isfinite(a) && std::isfinite(b),
          "beta_quantile: a and b must be positive and finite");
  require(p >= 0.0 && p <= 1.0, "beta_quantile: p must lie in [0, 1]");
  return boost::math::ibeta_inv(a, b, p);
}

double beta_quantile_upper(double a, double b, double q) {
  require(a > 0.0 && b > 0.0 && std::isfinite(a) && std::isfinite(b),
          "beta_quantile_upper: a and b must be positive and finite");
  require(q >= 0.0 && q <= 1.0, "beta_quantile_upper: q must lie in [0, 1]");
  return boost::math::ibetac_inv(a, b, q);
}

double beta_cdf(double a, double b, double x) {
  require(a > 0.0 && b > 0.0 && std::isfinite(a) && std::isfinite(b),
          "beta_cdf: a and b must be positive and finite");
  require(x >= 0.0 && x <= 1.0, "beta_cdf: x must lie in [0, 1]");
  return boost::math::ibeta(a, b, x);
}

double normal_quantile(double p) {
  require(p > 0.0 && p < 1.0, "normal_quantile: p must lie in (0, 1)");
  return boost::math::quantile(boost::math::normal_distribution<>(), p);
}

double student_t_quantile(double degrees, double p) {
  require(degrees > 0.0 && std::isfinite(degrees),
          "student_t_quantile: degrees must be positive and finite");
  require(p > 0.0 && p < 1.0, "student_t_quantile: p must lie in (0, 1)");
  return boost::math::quantile(boost::math::students_t_distribution<>(degrees), p);
}

}  // namespace souvenir
