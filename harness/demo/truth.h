#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"

namespace souvenir {

// Compares what two audits found with what is known: one of the model that was trained on the
// planted strings, one of a model that was not.
//
//   tiers  how often strings stand in the corpus, rising
//
// Returns  exposure_grows     canaries' median exposure rises by kLeastRise bits from the first
//                             tier to the last, and never falls by more than kMostFall
//          often_extracted    of what stands there most often, more than half is reproduced
//                             (one-sided 95 % bound)
//          never_silent   no twin, control or canary that was left out is reproduced
//          persons_exposed    of identifiers that stand there most often some are given away by
//          text
//                             that the model writes, of their twins none
//          membership_told    scores tell canaries of the last tier from those held out, with an
//                             area above kLeastArea; for the control model the area is below
//                             kMostArea
//          control_silent     the control model reproduces nothing, and canaries are exposed to it
//                             no more than by chance
// Pure
std::vector<DemoRow> demo_truth(const Evidence& model, const Evidence& control,
                                const std::vector<std::int64_t>& tiers);

inline constexpr double kLeastRise = 3.0;  // bits
inline constexpr double kMostFall = 1.0;   // bits; medians of a dozen canaries move that much

inline constexpr double kLeastArea = 0.9;
inline constexpr double kMostArea =
    0.7;  // by chance above it once in several hundred demonstrations

// Whether every row holds; no value if none fails and one could not be told.
std::optional<bool> all_hold(const std::vector<DemoRow>& rows);

// Returns the rows as a table for a terminal, a check mark or a cross in front of each.
std::string truth_table(const std::vector<DemoRow>& rows);

// Returns the rows as JSON.
nlohmann::json truth_json(const std::vector<DemoRow>& rows);

}  // namespace souvenir
