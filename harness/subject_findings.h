#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/journal.h"

namespace souvenir {

// Collects what the journal holds on one subject, or on every subject of one person: for a rights
// request. What was not measured is null, with a "why". Of a string known by its HMAC alone,
// `found_in_text` says whether the model wrote it, in one of `texts_read`.
//
//   add  adds what probes compute to the row of an answered string
//
// Sensitive: numbers about one person; for that person and the controller only. Holds no text.
// Errors  input: no such subject or person, or its strings have not been asked yet
nlohmann::ordered_json subject_findings(
    const Journal& journal, const std::string& id,
    const std::function<void(nlohmann::ordered_json& row, const JudgedString& string)>& add = {});

}  // namespace souvenir
