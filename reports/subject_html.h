#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reports/report.h"

namespace souvenir {

// Renders what an audit found about one subject or person (`souvenir subject`, its JSON form) as
// one self-contained page in two languages, for a rights request. Fields it does not know are left
// out.
//
// Sensitive: numbers about one person; for that person and the controller only
// Errors     internal: not that JSON
std::string subject_html(const nlohmann::json& findings, Language language);

}  // namespace souvenir
