#pragma once

#include <nlohmann/json.hpp>

#include "harness/probe.h"

namespace souvenir {

// Adds to a row of `souvenir subject` what the probes make of one string: the exposure of a canary
// in bits, and every membership score with its usual parameters. What cannot be said is null, and
// `why` names the reason.
//
// Sensitive: numbers about one person.
void add_subject_scores(nlohmann::ordered_json& row, const JudgedString& string);

}  // namespace souvenir
