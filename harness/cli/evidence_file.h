#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/evidence/evidence.h"

namespace souvenir::cli {

// An evidence file that has been read whole.
struct EvidenceFile {
  std::string bytes;
  Evidence evidence;
};

// Errors  input: no such file; integrity: damaged, not of the schema
EvidenceFile read_evidence(const std::string& path);

// Returns the SHA-256 of an evidence document in canonical form, without /run/content_sha256, where
// it is kept: a number that is changed later is noticed. It is no signature: whoever changes the
// number on purpose can make it anew.
std::string content_digest(nlohmann::json document);

}  // namespace souvenir::cli
