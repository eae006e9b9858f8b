#pragma once

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

}  // namespace souvenir::cli
