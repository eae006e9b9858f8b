#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "harness/journal_detections.h"
#include "harness/probe.h"

namespace souvenir {

// Adds to a row of `souvenir subject` what the probes make of one string: the exposure of a canary
// in bits, and every membership score with its usual parameters. What cannot be said is null, and
// `why` names the reason.
//
// Sensitive: numbers about one person.
void add_subject_scores(nlohmann::ordered_json& row, const JudgedString& string);

// Returns what the generated texts say of every string that is known by its HMAC alone.
//
// Sensitive: says it by subject.
std::vector<Detection> detections(StringCursor& strings, const Sensitive& hmac_key);

}  // namespace souvenir
