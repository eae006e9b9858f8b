#pragma once

#include <cstdint>
#include <vector>

#include "harness/backend/head.h"
#include "harness/backend/token_trie.h"
#include "harness/backend/transformer.h"

namespace souvenir {

// Computes the log-probability of every edge of a trie that is wanted, each run once: depth first,
// in parts of up to `token_budget` tokens. Keys and values of a run are kept while something below
// it is not done.
//
// Returns  [edges] nats; NaN where a logit is NaN or infinite, 0 where not wanted
// Memory   kept keys and values: at most `kept_bytes`, or one way down the trie
std::vector<double> score_trie(const Transformer& transformer, const Head& head,
                               const TokenTrie& trie, std::int64_t token_budget,
                               std::int64_t kept_bytes);

}  // namespace souvenir
