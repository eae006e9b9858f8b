#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/backend/transformer.h"
#include "harness/types.h"

namespace souvenir {

// The rows of one pass, before they are tensors.
//
//   ids, positions  [rows]
//   segments        cover the rows in order
//   wanted          rows whose states are asked for
struct PackedRows {
  std::vector<std::int64_t> ids, positions;
  std::vector<Segment> segments;
  std::vector<std::int64_t> wanted;

  // Appends tokens of one sequence; `segment` says what stands before them and where they go. Its
  // `begin` and `tokens` are filled in.
  void add(std::span<const TokenId> tokens, Segment segment);

  // Fills a large pass up to a round number of rows, with a sequence that nobody asked for and with
  // states that nobody reads. For models that want it (Transformer::wants_round_rows).
  void fill_up();

  // Borrows what the segments point to.
  ForwardInput input(at::Device device, KeyValueCache* cache = nullptr) const;
};

}  // namespace souvenir
