#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"

namespace souvenir::cli {

// Returns what an audit found, a line for each probe that measured something, as a terminal shows
// it: numbers with their intervals, then the word and why. Every number of them stands in the
// evidence.
std::vector<std::string> headlines(const Evidence& evidence);

}  // namespace souvenir::cli
