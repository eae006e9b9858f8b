#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/backend/attention.h"
#include "harness/language_model.h"

namespace souvenir {

// The tokens of many requests as rows of one pass, what they begin with in common once.
//
//   ids, positions  [rows]
//   segments        cover the rows in order; point into `kept`
//   kept            where the past of each segment stands among the rows
//   rows            [requests][tokens but the last] the row of each token
struct SharedRows {
  std::vector<std::int64_t> ids, positions;
  std::vector<Segment> segments;
  std::vector<std::vector<KeptRows>> kept;
  std::vector<std::vector<std::int64_t>> rows;
};

// Requires  requests with something to score
SharedRows share_rows(std::span<const ScoreRequest> requests);

}  // namespace souvenir
