#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"

namespace souvenir::cli {

// An evidence file that has been read whole.
struct EvidenceFile {
  std::string bytes;
  Evidence evidence;
};

// Errors  input: no such file; integrity: damaged, not of the schema
EvidenceFile read_evidence(const std::string& path);

// Parses canonical JSON. Its numbers are doubles, also where they are written without a point: an
// integer that a double does not hold exactly stands for the nearest one.
nlohmann::json parse_canonical(std::string_view text);

// Returns the SHA-256 of an evidence document in canonical form, without /run/content_sha256, where
// it is kept: a number that is changed later is noticed. It is no signature: whoever changes the
// number on purpose can make it anew.
std::string content_digest(nlohmann::json document);

}  // namespace souvenir::cli
