#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "harness/error.h"

namespace souvenir {

struct JsonLimits {
  std::size_t bytes = std::size_t{256} << 20;
  int depth = 64;
};

// Parses JSON and refuses what nlohmann's own parser lets pass: duplicate keys, deep nesting, size.
//
//   name  what messages call the document, e.g. "evidence"
//   kind  whose problem a bad document is
//
// Errors  `kind`; the message names the byte and line, never the text
nlohmann::json strict_json(std::string_view text, const std::string& name, ErrorKind kind,
                           const JsonLimits& limits = {});

}  // namespace souvenir
