#pragma once

#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"

namespace souvenir {

// Reads what the controller declares of the system and its use, schema souvenir/context/1
// (configs/context.schema.json). Nothing of it shapes a number; `comment` keys are not kept.
//
//   document  what messages call it, e.g. "context my.json"
//
// Errors  input: names the JSON pointer, what was expected and the nearest known key; never quotes
//         a text
AuditContext parse_context(std::string_view text, const std::string& document);

// Reads a context file.
//
// Errors  input
AuditContext load_context(const std::string& path);

}  // namespace souvenir
