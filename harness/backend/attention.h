#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/backend/aten.h"
#include "harness/backend/decoder.h"
#include "harness/backend/paths.h"

namespace souvenir {

// Rows of a cache that keeps rows: [first, first + tokens).
struct KeptRows {
  std::int64_t first = 0;
  std::int64_t tokens = 0;
};

// New tokens of one sequence, as rows of a packed batch.
//
//   begin   first row
//   tokens  number of rows
//   past    tokens of the sequence that are already in the cache
//   slot    the sequence's place in the cache, if there is one
//   length  of the whole sequence, where more tokens belong to it than are computed: what decides
//           between ropes that depend on it
//   before  without a cache of slots: where the past stands, in order, among the rows of this pass
//           or in a cache that keeps rows; those that share it point to the same and are
//           neighbours. `slot` is then the first row of the cache to keep the new tokens at; -1:
//           they are not kept
struct Segment {
  std::int64_t begin = 0;
  std::int64_t tokens = 0;
  std::int64_t past = 0;
  std::int64_t slot = 0;
  std::int64_t length = 0;
  std::span<const KeptRows> before = {};
};

// Keys and values of the tokens so far, of every layer: by slots, one for each sequence, or by
// rows, which sequences that begin alike share.
//
//   keys    [slots, key_value_heads, head_dim, capacity]: transposed, as the CPU kernel reads them
//   values  [slots, key_value_heads, capacity, padded head_dim]
//   rows    [capacity, 2 key_value_heads * head_dim]: keys, then values
//
// Owns its tensors: slots float32 on the CPU, everything else in the compute dtype.
class KeyValueCache {
 public:
  KeyValueCache(const DecoderSpec& spec, std::int64_t slots, std::int64_t capacity,
                at::Device device, at::ScalarType dtype);

  // Makes one that keeps rows.
  static KeyValueCache of_rows(const DecoderSpec& spec, std::int64_t capacity, at::Device device,
                               at::ScalarType dtype);

  struct Layer {
    at::Tensor keys = {}, values = {}, rows = {};
  };
  Layer& layer(std::size_t index) { return layers_[index]; }

  // Copies the first `tokens` positions of one slot to another, in every layer.
  void copy(std::int64_t from, std::int64_t to, std::int64_t tokens);

  // Returns the bytes one slot takes.
  static std::int64_t slot_bytes(const DecoderSpec& spec, std::int64_t capacity, at::Device device,
                                 at::ScalarType dtype);

  // Returns the bytes that sequences continued together may take beside weights of so many. A
  // function of the model alone: what is computed together decides the last digits.
  static std::int64_t room_beside(std::int64_t weight_bytes);

  // Returns the bytes one row takes, in all layers.
  static std::int64_t row_bytes(const DecoderSpec& spec, at::ScalarType dtype);

 private:
  KeyValueCache() = default;

  std::vector<Layer> layers_;
};

struct AttentionShape {
  std::int64_t heads = 0, key_value_heads = 0, head_dim = 0;
  double scale = 1.0;
  std::optional<std::int64_t> window;
  double cap = 0.0;  // a score s becomes cap tanh(s / cap); 0: it stays
};

// Attends, causally and within the window, each query to the keys of its own sequence.
//
//   qkv    [rows, (heads + 2 key_value_heads) * head_dim], after rotation; contiguous
//   bias   [heads, positions] float32 added to the scores by the position of the key, as many as
//   the
//          longest sequence has, rounded up to kPanelAlign; undefined: none
//   cache  takes the new keys and values, and supplies those of `past` tokens; null: these are
//          other rows of this pass
//
// Returns  [rows, heads * head_dim]
// Exact    a sequence's result does not depend on the other sequences, nor on threads
at::Tensor attend(const at::Tensor& qkv, std::span<const Segment> segments,
                  const AttentionShape& shape, KeyValueCache::Layer* cache,
                  AttentionPath path = AttentionPath::automatic, const at::Tensor& bias = {});

}  // namespace souvenir
