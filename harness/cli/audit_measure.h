#pragma once

#include "harness/cli/audit_session.h"

namespace souvenir::cli {

// Plans what will be asked, unless the journal holds the plan already.
void plan_questions(AuditSession& session, const AuditOptions& options);

// Asks everything that is planned and not answered yet, with progress on the terminal. The model is
// let go where a pass needs another one.
//
// Returns  false if a signal stopped it; what was answered is kept
bool measure(AuditSession& session, const AuditOptions& options);

}  // namespace souvenir::cli
