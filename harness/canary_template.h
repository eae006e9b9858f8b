#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/canary_space.h"

namespace souvenir {

// What canaries of one sort look like: text, then the secret, then more text.
//
//   kind    what the secret is, as in a subjects file
//   prefix  may hold any slot; the text behind the secret holds none
struct CanaryTemplate {
  std::string id;
  std::string kind;
  std::string prefix;
  std::string secret;
  std::string suffix;

  CanarySpace space(const std::string& where) const;
  std::string suffix_text() const;  // with {{ and }} read as braces
  bool has_person() const;
};

// Reads {"id", "kind", "prefix", "secret", "suffix"}.
//
// Errors  input: names the JSON pointer
CanaryTemplate parse_canary_template(const nlohmann::json& json, const std::string& document,
                                     const std::string& pointer);

nlohmann::ordered_json to_json(const CanaryTemplate& canary_template);

// Reads a document of templates (configs/canary_templates.schema.json); their ids are distinct.
//
// Errors  input
std::vector<CanaryTemplate> parse_canary_templates(std::string_view text,
                                                   const std::string& document);

// Returns the templates that are built in.
const std::vector<CanaryTemplate>& builtin_canary_templates();

// Returns one built-in template by its name, or those of a file.
//
// Errors  input: neither; names the nearest
std::vector<CanaryTemplate> load_canary_templates(const std::string& name_or_path);

}  // namespace souvenir
