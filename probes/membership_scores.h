#pragma once

#include <string>
#include <vector>

#include "harness/probe.h"
#include "metrics/membership.h"

namespace souvenir {

// What shapes the scores of `membership`.
//
//   k                 share of least likely tokens: Min-K, Min-K++
//   surp_k            the same for SURP
//   surp_max_entropy  nats
//   ez_skip_first     leave the first token of the secret out of EZ, as published for whole texts
struct ScoreParameters {
  double k = 0.2;
  double surp_k = 0.4;
  double surp_max_entropy = 2.0;
  bool ez_skip_first = false;
};

// The scores there are, by the names that evidence gives them.
const std::vector<std::string>& attack_names();

// Says whether a score compares with the reference model's answer.
//
// Requires  a name of attack_names(); else throws Error (internal)
bool attack_needs_reference(const std::string& name);

// Computes one score of a string.
//
// Returns   no value, with a reason, where the answer it needs was not asked or not given
// Requires  a name of attack_names(); else throws Error (internal)
TokenScore attack_score(const std::string& name, const JudgedString& string,
                        const ScoreParameters& parameters);

// Returns how many bytes zlib (level 6) needs for the secret; at least 8.
std::size_t compressed_bytes(const JudgedString& string);

}  // namespace souvenir
