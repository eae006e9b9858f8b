#pragma once

#include <vector>

#include "harness/evidence/finding.h"
#include "probes/exposure_tally.h"

namespace souvenir {

// Describes what searches of whole spaces found, by how often canaries were planted, and of those
// held out. No word is tied to it: searches are done for exposed canaries and end at their budget
// for others, so that the two cannot be compared as numbers.
void add_searched_findings(const ProbeInfo& probe, const AllCanaries& all,
                           std::vector<Finding>& out);

}  // namespace souvenir
