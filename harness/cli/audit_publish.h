#pragma once

#include <filesystem>
#include <string>

#include "harness/evidence/evidence.h"
#include "harness/journal.h"

namespace souvenir::cli {

// Renders every artefact, searches all of them for subject data, and only then puts them into the
// audit's folder.
//
//   journal   holds the subjects that are looked for
//   out       the audit's folder
//   language  shown first in report.html
//
// Errors  integrity: an artefact would leak a subject; nothing is then published
//         resource: the folder cannot be written
void publish_audit(const Journal& journal, const std::filesystem::path& out, Evidence evidence,
                   const std::string& language);

// Writes on standard output what was found, in a few lines, and where the report is.
void print_summary(const Evidence& evidence, const std::filesystem::path& out);

}  // namespace souvenir::cli
