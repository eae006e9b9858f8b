#include "metrics/multiplicity.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <stdexcept>

namespace souvenir {

namespace {

// Indices of the p-values, smallest first.
std::vector<std::size_t> ascending(std::span<const double> p_values, const char* refusal) {
  for (const double p : p_values) {
    if (!(p >= 0.0) || !(p <= 1.0)) throw std::invalid_argument(refusal);
  }
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  return order;
}

}  // namespace

std::vector<double> holm(std::span<const double> p_values) {
  const auto order = ascending(p_values, "holm: p-values must lie in [0, 1]");
  std::vector<double> adjusted(p_values.size());
  double largest = 0.0;  // adjusted values never fall as p rises
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double scaled = p_values[order[i]] * static_cast<double>(order.size() - i);
    largest = std::max(largest, std::min(1.0, scaled));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> p_values) {
  const auto order = ascending(p_values, "benjamini_hochberg: p-values must lie in [0, 1]");
  std::vector<double> adjusted(p_values.size());
  double smallest = 1.0;  // adjusted values never fall as p rises
  for (std::size_t i = order.size(); i-- > 0;) {
    const double scale = static_cast<double>(order.size()) / static_cast<double>(i + 1);
    smallest = std::min(smallest, p_values[order[i]] * scale);
    adjusted[order[i]] = smallest;
  }
  return adjusted;
}

}  // namespace souvenir
