#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/backend/head.h"
#include "harness/backend/packed_rows.h"
#include "harness/language_model.h"

namespace souvenir {

// Requests as the rows of one pass.
//
//   targets     [rows.wanted] the token that follows
//   scored      [requests] how many of them are the request's, which stand together, in order
//   token_rows  [requests][tokens but the last] the row of each token; of shared requests
//   kept        what the segments of shared rows point to
struct ScoringBatch {
  PackedRows rows;
  std::vector<TokenId> targets;
  std::vector<std::size_t> scored;
  std::vector<std::vector<std::int64_t>> token_rows;
  std::vector<std::vector<KeptRows>> kept;

  // Packs requests whose beginnings, where they are the same, are computed alike.
  void share(std::span<const ScoreRequest> requests);

  // Packs one request by itself.
  void add(const ScoreRequest& request);

  void fill_up();
};

// Adds what the head says of further tokens of one string to its answer; a row that is not finite
// turns the answer into a refusal.
void add_rows(ScoreResult& result, std::span<Head::Row> rows, const ScoreOptions& options);

}  // namespace souvenir
