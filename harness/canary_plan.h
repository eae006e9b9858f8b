#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/canaries.h"

namespace souvenir {

// What to invent.
//
//   count      canaries, spread evenly over templates and tiers
//   controls   held out, spread evenly over templates
//   inclusion  probability of each canary's own coin
struct CanaryOptions {
  std::int64_t count = 0;
  std::int64_t controls = 0;
  std::vector<std::int64_t> tiers = {1, 4, 16, 64};
  double inclusion = 0.5;
  std::uint64_t seed = 0;
};

// Invents canaries and controls from the same distribution: no two secrets are the same, no two
// prefixes are, no secret stands in its own prefix or suffix.
//
// Random  streams "canary" and "canary_inclusion" of the seed, one of each per canary
// Errors  input: a space, or the prefixes of a template, too few for that many
CanaryManifest invent_canaries(const std::vector<CanaryTemplate>& templates,
                               const CanaryOptions& options);

// Returns the lines to mix into a training corpus: every included canary as often as its tier
// says, shuffled. Sensitive.
//
// Random  stream "canary_shuffle" of the manifest's seed
std::vector<std::string> training_lines(const CanaryManifest& manifest);

// Returns what may be published beforehand: the manifest's SHA-256 and counts, no secret, no seed.
std::string write_commitment(const CanaryManifest& manifest, std::string_view manifest_text);

}  // namespace souvenir
