#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/canary_space.h"
#include "harness/canary_template.h"
#include "harness/evidence/sensitive.h"

namespace souvenir {

// One planted (or held-out) secret.
//
//   space        id of its template, which is the id of its space
//   person       empty where the template has none; else one of its own
//   repetitions  its tier: how often it stands in the training files if it is included; 0 for a
//                control
//   included     the coin said yes: it stands in the training files (member: yes). Canaries that
//                the coin left out and controls are members of nothing (member: no)
//   control      held out before any coin
//   suffix       what stands behind the secret in the training files
struct Canary {
  std::string id;
  std::string space;
  std::string kind;
  std::string person;
  Sensitive prefix;
  Sensitive secret;
  std::string suffix;
  std::int64_t repetitions = 0;
  bool included = false;
  bool control = false;
};

// What `souvenir canaries` wrote, and an audit reads.
//
//   inclusion  probability of the coin
//   spaces     [templates], in the same order
struct CanaryManifest {
  std::uint64_t seed = 0;
  double inclusion = 0.5;
  std::vector<std::int64_t> tiers;
  std::vector<CanaryTemplate> templates;
  std::vector<CanarySpace> spaces;
  std::vector<Canary> canaries;

  // Returns the space with that id, or null.
  const CanarySpace* space(std::string_view id) const;
};

// Reads a manifest strictly: a secret outside its space, a size that is not its template's, a
// secret or an id that stands there twice, an unknown key are refused.
//
//   document  what messages call it
//
// Errors  input; never quotes a secret
CanaryManifest parse_canaries(std::string_view text, const std::string& document);

// Reads DIR/manifest.json, given its path or that of DIR.
//
// Returns   the bytes read, through `bytes`, for digesting
// Errors    input
CanaryManifest read_canaries(const std::string& path, std::string* bytes = nullptr);

// Returns the manifest's text, one canary a line. Sensitive.
std::string write_canaries(const CanaryManifest& manifest);

}  // namespace souvenir
