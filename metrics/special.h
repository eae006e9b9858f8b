#pragma once

namespace souvenir {

// Returns the x at which the regularised incomplete beta function I_x(a, b) is p.
//
// Requires  a, b > 0; p in [0, 1]; else throws std::invalid_argument
// Exact     to a few units in the last place
double beta_quantile(double a, double b, double p);

// Returns the x at which 1 - I_x(a, b) is q: precise where q is small.
double beta_quantile_upper(double a, double b, double q);

// Returns the regularised incomplete beta function I_x(a, b).
//
// Requires  a, b > 0; x in [0, 1]; else throws std::invalid_argument
double beta_cdf(double a, double b, double x);

// Returns the standard normal quantile.
//
// Requires  p in (0, 1); else throws std::invalid_argument
double normal_quantile(double p);

// Returns the quantile of Student's t with `degrees` of freedom.
//
// Requires  degrees > 0; p in (0, 1); else throws std::invalid_argument
double student_t_quantile(double degrees, double p);

}  // namespace souvenir
