#pragma once

#include <span>
#include <vector>

namespace souvenir {

// Adjusts p-values for having asked several questions, by Holm's step-down method: with all
// adjusted values below alpha rejected, the chance of one false rejection in the family is below
// alpha, whatever the dependence.
//
// Returns   [p_values] in the order given, each at most 1
// Requires  each in [0, 1]; else throws std::invalid_argument
// Cost      O(m log m)
// Source    Holm (1979)
std::vector<double> holm(std::span<const double> p_values);

// Adjusts p-values for a list in which a few false entries are bearable: with all adjusted values
// below alpha listed, the expected share of false ones among them is below alpha. Weaker than holm,
// so it is never what a word is decided by.
//
// Returns   [p_values] in the order given, each at most 1
// Requires  each in [0, 1], else throws std::invalid_argument; independent, or dependent positively
// Cost      O(m log m)
// Source    Benjamini and Hochberg (1995)
std::vector<double> benjamini_hochberg(std::span<const double> p_values);

}  // namespace souvenir
