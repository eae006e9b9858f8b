#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "reports/text.h"

namespace souvenir {

namespace {

constexpr std::string_view kNarrowSpace = "\u202f";
constexpr std::string_view kMinus = "\u2212";

std::string fixed(double value, int decimals) {
  std::array<char, 400> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return buffer.data();
}

// Decimals that leave `digits` significant ones; at least `least`.
int decimals_for(double value, int digits, int least) {
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
  return std::max(least, digits - 1 - magnitude);
}

std::string without_zeros(std::string digits) {
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    digits.erase(digits.find_last_not_of('.') + 1);
  }
  return digits;
}

std::string superscript(int value) {
  constexpr std::array<std::string_view, 10> kDigits = {"\u2070", "\u00b9", "\u00b2", "\u00b3",
                                                        "\u2074", "\u2075", "\u2076", "\u2077",
                                                        "\u2078", "\u2079"};
  std::string out = value < 0 ? "\u207b" : "";
  for (const char c : std::to_string(std::abs(value))) {
    out += kDigits.at(static_cast<std::size_t>(c - '0'));
  }
  return out;
}

std::string machine(double value) {
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

Html data(const std::string& value, const std::string& shown) {
  return {"<data value=\"" + value + "\">" + shown + "</data>"};
}

}  // namespace

// Groups digits by three, with the comma or narrow space and the point or comma of the language.
std::string Words::localised(std::string digits) const {
  const std::size_t point = digits.find('.');
  const std::string whole = digits.substr(0, point);
  const bool negative = !whole.empty() && whole[0] == '-';
  std::string out = negative ? std::string(kMinus) : "";
  for (std::size_t i = negative ? 1 : 0; i < whole.size(); ++i) {
    out += whole[i];
    const std::size_t left = whole.size() - 1 - i;
    if (left > 0 && left % 3 == 0) {
      out += language_ == Language::en ? std::string_view(",") : kNarrowSpace;
    }
  }
  if (point != std::string::npos) {
    out += (language_ == Language::en ? "." : ",") + digits.substr(point + 1);
  }
  return out;
}

std::string Words::scientific(double mantissa, int exponent) const {
  // 9.96 would be written 10.0.
  if (std::abs(mantissa) >= 9.95) {
    mantissa /= 10.0;
    ++exponent;
  }
  return localised(fixed(mantissa, 1)) + "\u00a0\u00d7\u00a010" + superscript(exponent);
}

std::string Words::plain_count(std::int64_t value) const {
  return localised(std::to_string(value));
}

std::string Words::plain_number(double value) const {
  const double size = std::abs(value);
  if (size != 0.0 && (size < 1e-4 || size >= 1e15)) {
    const int exponent = static_cast<int>(std::floor(std::log10(size)));
    return scientific(value / std::pow(10.0, exponent), exponent);
  }
  if (value == std::floor(value)) {
    return localised(fixed(value, 0));
  }
  return localised(without_zeros(fixed(value, decimals_for(value, 3, 0))));
}

std::string Words::plain_tick(double rate) const {
  return in_percent(without_zeros(fixed(100.0 * rate, 6)));
}

std::string Words::in_percent(const std::string& digits) const {
  return localised(digits) +
         (language_ == Language::en ? std::string("%") : std::string(kNarrowSpace) + "%");
}

std::string Words::plain_percent(double rate) const {
  const double value = 100.0 * rate;
  const double size = std::abs(value);
  std::string digits;
  if (size == 0.0 || value == 100.0) {
    digits = fixed(value, 0);
  } else if (size < 1e-4) {
    return plain_number(value) + in_percent("");
  } else if (size < 10.0) {
    digits = fixed(value, decimals_for(value, 2, 1));
  } else {
    // Never rounded up to everything.
    digits = fixed(size < 100.0 ? std::min(value, 99.9) : value, 1);
  }
  return in_percent(digits);
}

Html Words::count(std::int64_t value) const {
  return data(std::to_string(value), plain_count(value));
}

Html Words::name_number(std::uint64_t value) const {
  return data(std::to_string(value), std::to_string(value));
}

Html Words::number(double value) const { return data(machine(value), plain_number(value)); }

Html Words::percent(double rate) const { return data(machine(rate), plain_percent(rate)); }

Html Words::exact_percent(double rate) const { return data(machine(rate), plain_tick(rate)); }

Html Words::power_of_ten(double log10_value) const {
  const double exponent = std::floor(log10_value);
  const double mantissa = std::pow(10.0, log10_value - exponent);
  return data(fixed(mantissa, 1) + "e" + std::to_string(static_cast<int>(exponent)),
              scientific(mantissa, static_cast<int>(exponent)));
}

}  // namespace souvenir
