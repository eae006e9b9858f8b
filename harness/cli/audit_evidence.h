#pragma once

#include <nlohmann/json.hpp>

#include "harness/cli/audit_session.h"
#include "harness/evidence/evidence.h"

namespace souvenir::cli {

// Says what was audited and how: all of the evidence that stands before anything is judged.
Evidence evidence_frame(const AuditSession& session);

// Judges what the journal holds and assembles the evidence, all but the gate.
//
//   run  the only part that may differ between identical runs
Evidence assemble_evidence(const AuditSession& session, nlohmann::json run);

}  // namespace souvenir::cli
