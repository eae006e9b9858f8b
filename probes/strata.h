#pragma once

#include <compare>
#include <string>
#include <vector>

#include "harness/evidence/finding.h"
#include "harness/probe.h"

namespace souvenir {

// What a string counts towards: the rate, the negative controls, or the positive ones.
enum class Population { measured, negative_control, positive_control };

Population population_of(const JudgedString& string);

// Returns the strata a string stands in: everything, its kind, its membership, its repetitions
// where known, and every key of its own.
std::vector<Stratum> strata_of(const JudgedString& string);

// Orders strata: everything first, then by key and value.
struct StratumOrder {
  bool operator()(const Stratum& a, const Stratum& b) const;
};

}  // namespace souvenir
