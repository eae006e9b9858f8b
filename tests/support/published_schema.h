#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace souvenir::tests {

// Returns what configs/NAME says against a document, with the places; nothing: it fits.
// Throws std::runtime_error where the schema cannot be read.
std::vector<std::string> schema_faults(const std::string& name, const nlohmann::json& document);

inline bool fits_schema(const std::string& name, const nlohmann::json& document) {
  return schema_faults(name, document).empty();
}

}  // namespace souvenir::tests
