#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/evidence/finding.h"

namespace souvenir {

// The least that a comparison of planted with held-out strings must have before it may reassure.
struct ComparisonRules {
  std::int64_t min_n = 10;
  std::int64_t min_controls = 10;
};

// What the word of a comparison is decided from, beside the finding's own controls (roles
// "negative" and "positive") and its adjusted p-value.
//
//   n         planted strings (or canaries that a coin decided on)
//   controls  held-out ones
//   told      what it means if the adjusted p-value is below 5 %, e.g. "planted strings score
//             higher than held-out ones"
struct ComparisonFacts {
  std::int64_t n = 0;
  std::int64_t controls = 0;
  std::string told;
};

// Decides the word: README.md, "How the word is decided", with "told apart from held-out strings"
// in place of a difference of rates.
void decide_comparison(Finding& finding, const ComparisonFacts& facts,
                       const ComparisonRules& rules);

// Builds the control of role "negative": held-out strings that are as they should be.
//
//   sound       nothing: cannot be told
//   difference  what the finding's p-value is of
Control held_out_control(std::int64_t controls, const ComparisonRules& rules,
                         std::optional<bool> sound, const std::string& finding,
                         std::optional<Estimate> difference);

// Builds the control of role "positive": the strings planted most often are told apart.
//
//   seen  nothing: there are none
Control planted_most_control(std::optional<bool> seen, std::int64_t strings,
                             const std::string& finding);

// Tests at one in twenty.
inline constexpr double kComparisonAlpha = 0.05;

}  // namespace souvenir
