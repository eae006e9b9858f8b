#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/backend/head.h"
#include "harness/backend/paths.h"
#include "harness/backend/transformer.h"
#include "harness/language_model.h"

namespace souvenir {

// Scores requests, of which those that may stop are read in stages, as `options.early_stop` says:
// what is read on goes on from keys and values that are kept.
//
// Returns   [requests]; the observation of a string that was left ends where it was left
// Requires  requests with something to score, whose tokens are rotated alike; options.early_stop;
//           layers in memory
// Memory    kept keys and values: at most `kept_bytes`, or one request
std::vector<ScoreResult> score_stages(const Transformer& transformer, const Head& head,
                                      std::span<const ScoreRequest> requests,
                                      const ScoreOptions& options, HeadPath path,
                                      std::int64_t kept_bytes);

}  // namespace souvenir
