#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace souvenir {

enum class Sides { one, two };

// The level of intervals and bounds, unless a metric says otherwise.
inline constexpr double kConfidence = 0.95;

// Holds one measured number with everything needed to doubt it: interval, level, method, counts.
//
//   value         never NaN or infinite; absent only with a `reason`
//   log10_value   the decimal logarithm, where a double cannot carry the value itself
//   low, high     the interval at `level`; absent where the method gives none
//   bound_low,    one-sided 95 % confidence bounds: what a gate compares with a limit
//   bound_high
//   count         hits, where the estimate is a rate
//   n             strings (or trials) the value is over
//   persons       clusters among them, where persons were given
//   n_effective   independent trials the interval is worth
//
// Units   `unit` is one of: probability ratio count nats bits tokens queries epsilon
struct Estimate {
  std::optional<double> value;
  std::optional<double> log10_value;
  std::string reason;
  std::optional<double> low;
  std::optional<double> high;
  std::optional<double> bound_low;
  std::optional<double> bound_high;
  double level = kConfidence;
  Sides sides = Sides::two;
  std::string method;
  std::optional<std::int64_t> count;
  std::optional<std::int64_t> n;
  std::optional<std::int64_t> persons;
  std::optional<double> n_effective;
  std::optional<double> p_value;
  std::optional<double> p_adjusted;
  std::string family;
  std::string unit;
};

}  // namespace souvenir
