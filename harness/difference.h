#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace souvenir {

// What the two sides of a comparison are called.
struct DifferenceWords {
  std::string left = "expected";
  std::string right = "found";
};

// Names the first leaf at which two documents differ: "a.b: expected 1, found 2". Empty where none
// does.
//
//   at  of the two in a larger document; empty: they are the whole
std::string first_difference(const nlohmann::json& left, const nlohmann::json& right,
                             const DifferenceWords& words = {}, const std::string& at = {});

}  // namespace souvenir
