#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/evidence/finding.h"
#include "harness/probe.h"

namespace souvenir {

// Controls that differ at this level from what they should be like are not what they should be:
// held-out canaries by their exposures or from those the coin left out, canaries that a baseline
// without a model tells apart (over all baselines).
inline constexpr double kUnsound = 0.001;

// Begins a finding of a probe: its name and version, a metric and the strings it is over.
Finding new_finding(const ProbeInfo& probe, Metric metric, const Stratum& stratum);

// Says that no word is tied to a finding, because it describes strings (or controls, if
// `of_controls`) ...
void call_descriptive(Finding& finding, bool of_controls = false);

// ... or because it is itself what others are compared with.
void call_control(Finding& finding);

// Adds "`count` `text`" with its code and count, unless the count is 0.
void add_caveat(Finding& finding, std::int64_t count, std::string_view code, std::string_view text);

// Returns "probe/metric[params]": what names a control's finding once its stratum is put behind.
std::string id_without_stratum(const Finding& finding);

// Returns a number that is a census of strings, not an estimate: low = high = value.
//
//   over  an estimate over the same strings; where it has no value, neither has the census
Estimate census(double value, const char* unit, const Estimate& over);

// Returns the smallest rate that would have shown at least one hit with 95 % probability; nothing
// where the estimate is over nothing.
std::optional<double> minimum_detectable_rate(const Estimate& estimate);

}  // namespace souvenir
