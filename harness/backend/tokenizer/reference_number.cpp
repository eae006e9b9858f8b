#include "harness/backend/tokenizer/reference_number.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

namespace souvenir::tokenizing {

namespace {

constexpr int kMostPower = 308;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The power of ten, correctly rounded, which std::pow need not be.
double power_of_ten(int exponent) {
  return std::strtod(("1e" + std::to_string(exponent)).c_str(), nullptr);
}

double scaled(double value, int exponent) {
  while (std::abs(exponent) > kMostPower && value != 0.0) {
    if (exponent > 0) {
      return std::numeric_limits<double>::infinity();
    }
    value /= power_of_ten(kMostPower);
    exponent += kMostPower;
  }
  return exponent >= 0 ? value * power_of_ten(std::min(exponent, kMostPower))
                       : value / power_of_ten(std::min(-exponent, kMostPower));
}

}  // namespace

double reference_number(std::string_view literal) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::size_t at = literal.starts_with('-') ? 1 : 0;
  std::uint64_t significand = 0;
  int exponent = 0;
  bool fraction = false;
  bool full = false;  // no more digits fit: those of the fraction are dropped
  for (; at < literal.size() && (is_digit(literal[at]) || literal[at] == '.'); ++at) {
    if (literal[at] == '.') {
      fraction = true;
      continue;
    }
    const auto digit = static_cast<std::uint64_t>(literal[at] - '0');
    full = full || significand > kMost / 10 || (significand == kMost / 10 && digit > kMost % 10);
    if (!full) {
      significand = significand * 10 + digit;
    }
    exponent += full ? (fraction ? 0 : 1) : (fraction ? -1 : 0);
  }
  if (at < literal.size()) {  // behind the e; huge ones are all the same
    exponent += static_cast<int>(std::clamp(
        std::strtol(std::string(literal.substr(at + 1)).c_str(), nullptr, 10), -100000L, 100000L));
  }
  const double value = scaled(static_cast<double>(significand), exponent);
  return literal.starts_with('-') ? -value : value;
}

}  // namespace souvenir::tokenizing
