#include "harness/backend/packed_rows.h"

namespace souvenir {
namespace {

at::Tensor on_device(const std::vector<std::int64_t>& values, at::Device device) {
  return at::tensor(at::ArrayRef<std::int64_t>(values), at::kLong).to(device);
}

// Returns how many rows a large batch lacks to a round number of them. Every new number has oneDNN
// keep another kernel: memory would grow with the number of batches.
std::size_t rows_to_round(std::size_t rows) {
  constexpr std::size_t kStep = 64, kLarge = 8 * kStep;
  return rows < kLarge ? 0 : (kStep - rows % kStep) % kStep;
}

}  // namespace

void PackedRows::add(std::span<const TokenId> tokens, Segment segment) {
  segment.begin = static_cast<std::int64_t>(ids.size());
  segment.tokens = static_cast<std::int64_t>(tokens.size());
  segments.push_back(segment);
  for (std::int64_t t = 0; t < segment.tokens; ++t) {
    ids.push_back(tokens[static_cast<std::size_t>(t)]);
    positions.push_back(segment.past + t);
  }
}

void PackedRows::fill_up() {
  if (const std::size_t more = rows_to_round(ids.size()); more > 0) {
    segments.push_back(
        {static_cast<std::int64_t>(ids.size()), static_cast<std::int64_t>(more), 0, -1});
    // All at the first position, the only one that every context has.
    positions.resize(positions.size() + more, 0);
    ids.resize(ids.size() + more, 0);
  }
  wanted.resize(wanted.size() + rows_to_round(wanted.size()), wanted.back());
}

ForwardInput PackedRows::input(at::Device device, KeyValueCache* cache) const {
  return {{on_device(ids, device), on_device(positions, device), segments},
          on_device(wanted, device),
          cache};
}

}  // namespace souvenir
