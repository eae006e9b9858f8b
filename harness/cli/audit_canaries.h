#pragma once

#include "harness/cli/audit_session.h"

namespace souvenir::cli {

// Reads a manifest of `souvenir canaries` into the audit's questions and its inputs.
//
//   path  of DIR/manifest.json, or of DIR; empty: none was given
void take_canaries(AuditSession& session, const std::string& path);

}  // namespace souvenir::cli
