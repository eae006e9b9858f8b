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

// Returns the natural logarithm of the standard normal distribution function; minus infinity only
// where x is. Exact to a few units in the last place, also where the function itself underflows.
//
// Requires  x is not NaN; else throws std::invalid_argument
double normal_log_cdf(double x);

// Returns the probability that a standard normal is above x: precise where that is small.
double normal_upper(double x);

// Returns the probability that a chi-squared variable with `degrees` of freedom is above x.
//
// Requires  degrees > 0; x >= 0; else throws std::invalid_argument
double chi_squared_upper(double degrees, double x);

// Returns the x that chi_squared_upper gives q for.
//
// Requires  degrees > 0; q in (0, 1); else throws std::invalid_argument
double chi_squared_quantile_upper(double degrees, double q);

// Returns the quantile of Student's t with `degrees` of freedom.
//
// Requires  degrees > 0; p in (0, 1); else throws std::invalid_argument
double student_t_quantile(double degrees, double p);

}  // namespace souvenir
