#pragma once

#include <optional>
#include <string>

#include "harness/evidence/evidence.h"
#include "reports/policy.h"

namespace souvenir::cli {

// Reads a policy file; nothing for an empty path.
//
// Errors  input
std::optional<Policy> read_policy(const std::string& path);

// Judges evidence by a policy, if there is one, puts the judgement into it, and returns the exit
// code.
int apply_gate(Evidence& evidence, const std::optional<Policy>& policy);

}  // namespace souvenir::cli
