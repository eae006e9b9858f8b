#pragma once

#include <string>

#include "reports/gate.h"

namespace souvenir {

// Writes a gate result as JUnit XML: one test case per limit and finding (classname: the limit's
// pattern, name: the finding), and one per expired waiver. A failed check is a failure, an
// inconclusive one an error, a waived one skipped. Texts hold numbers and names of ours, the
// policy's words, and no character that XML forbids.
std::string junit_xml(const GateResult& result);

}  // namespace souvenir
