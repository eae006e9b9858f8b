#pragma once

#include <nlohmann/json.hpp>

#include "harness/cli/audit_session.h"
#include "harness/evidence/evidence.h"

namespace souvenir::cli {

// Says whether the prompts of the audit stay open: a model read layer by layer writes nothing. Not
// where it wrote all that was asked of it before, in memory.
//
// Errors  usage: it had written after some of them
bool prompts_stay_open(const AuditSession& session);

// Says what was audited and how: all of the evidence that stands before anything is judged.
Evidence evidence_frame(const AuditSession& session);

// Judges what the journal holds and assembles the evidence, all but the gate.
//
//   run  the only part that may differ between identical runs
Evidence assemble_evidence(const AuditSession& session, nlohmann::json run);

}  // namespace souvenir::cli
