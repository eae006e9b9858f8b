#pragma once

#include <string>

#include "reports/report.h"

namespace souvenir {

// Renders evidence as one self-contained HTML page: English and French, light and dark, screen and
// paper; no script, nothing loaded from elsewhere. Well-formed as XML too.
//
// Every text of the evidence is hostile: it is escaped, and what cannot be seen is shown.
std::string render_html(const Evidence& evidence, const ReportOptions& options);

}  // namespace souvenir
