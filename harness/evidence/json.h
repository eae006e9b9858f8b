#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "harness/evidence/evidence.h"

namespace souvenir {

// Serialises to canonical JSON (RFC 8785): keys sorted by UTF-16 code unit, shortest round-trip
// numbers in ECMAScript form, no white space.
//
// Errors  internal: a NaN or an infinity, or a string that is not valid UTF-8
std::string canonical_json(const nlohmann::json& value);

// Turns evidence into its JSON form, schema souvenir/evidence/1.
nlohmann::json to_json(const Evidence& evidence);

// Reads evidence back. Ignores fields it does not know.
//
// Errors  input: not JSON, or a field of the schema missing or of the wrong type (named by its
//         JSON pointer)
Evidence evidence_from_json(std::string_view text);

std::string_view outcome_name(Outcome outcome);

}  // namespace souvenir
