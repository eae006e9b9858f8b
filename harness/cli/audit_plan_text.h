#pragma once

#include "harness/cli/audit_session.h"

namespace souvenir::cli {

// Prints what a planned audit would ask, how long that would take on this machine, and what it
// could detect. Scores nothing; measures the rate of matrix products for about a second.
void print_plan(const AuditSession& session);

}  // namespace souvenir::cli
