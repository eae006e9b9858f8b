#pragma once

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "harness/evidence/config_object.h"

namespace souvenir {

// Parses JSON strictly: duplicate keys, invalid UTF-8 and nesting deeper than 64 are refused.
//
//   name  what messages call the document, e.g. "suite my.json"
//
// Errors  input; the message names the line and column, never the text
nlohmann::json parse_json(std::string_view text, const std::string& name);

// Opens a regular file to be read in pieces.
//
// Errors  input: missing, not a regular file, not readable
std::ifstream open_file(const std::string& path);

// Reads a whole file of at most `max_bytes`.
//
// Errors  input: missing, not a regular file, larger
std::string read_file(const std::string& path, std::uint64_t max_bytes);

}  // namespace souvenir
