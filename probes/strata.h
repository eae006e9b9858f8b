#pragma once

#include <algorithm>
#include <map>
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

// What the strings of each stratum add up to.
template <typename Tally>
using StratumMap = std::map<Stratum, Tally, StratumOrder>;

// Returns nullptr where no string stands in the stratum. Borrows the map.
template <typename Tally>
const Tally* find_stratum(const StratumMap<Tally>& tallies, const Stratum& stratum) {
  const auto at = tallies.find(stratum);
  return at == tallies.end() ? nullptr : &at->second;
}

// Returns the controls that a stratum is compared with: those of the same stratum or, where no
// control knows the key at all (membership and repetitions set a string apart from every control),
// all of them; nullptr where there are none.
template <typename Tally>
const Tally* matched_controls(const StratumMap<Tally>& controls, const Stratum& stratum) {
  const bool known = stratum.key != "member" && stratum.key != "repetitions" &&
                     std::any_of(controls.begin(), controls.end(),
                                 [&](const auto& row) { return row.first.key == stratum.key; });
  return find_stratum(controls, known ? stratum : Stratum{});
}

}  // namespace souvenir
