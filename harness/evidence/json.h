#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"

namespace souvenir {

// Serialises to canonical JSON (RFC 8785): keys sorted by UTF-16 code unit, shortest round-trip
// numbers in ECMAScript form, no white space.
//
// Errors  internal: a NaN or an infinity, an integer that no double holds, or a string that is not
//         valid UTF-8
std::string canonical_json(const nlohmann::json& value);

// Returns what may leave private/: the same, but a suppressed finding has lost its word (unless it
// is over everything, since a small audit must not hide a hit) and every number.
Evidence published(const Evidence& evidence);

// Turns evidence into its JSON form, schema souvenir/evidence/1 (FORMAT.md), as published().
nlohmann::json to_json(const Evidence& evidence);

// Reads evidence back: to_json of the result is the document again, unknown fields aside. Ignores
// fields it does not know; takes a field that is absent for null, except those a gate lives on
// (schema, findings, and in a finding its probe, metric, outcome and estimate).
//
// Errors  input: a JSON document that is not evidence, or of another schema version
//         integrity: not JSON, a key that stands twice, or a field of the schema missing or of the
//         wrong type (named by its JSON pointer)
Evidence evidence_from_json(std::string_view text);

std::string_view outcome_name(Outcome outcome);

// Returns nothing for a word that is not an outcome.
std::optional<Outcome> outcome_from_name(std::string_view name);

}  // namespace souvenir
