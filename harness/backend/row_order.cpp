#include "harness/backend/row_order.h"

#include <cstdint>
#include <numeric>
#include <vector>

namespace souvenir {

namespace {

using Rows = std::vector<std::int64_t>;

// Returns of each dimension of a head the one that comes to its place.
Rows dimensions(const DecoderSpec& spec, bool interleaved) {
  Rows order(static_cast<std::size_t>(spec.head_dim));
  std::iota(order.begin(), order.end(), 0);
  const std::int64_t half = spec.rotary_dim / 2;
  for (std::int64_t i = 0; interleaved && i < half; ++i) {
    order[static_cast<std::size_t>(i)] = 2 * i;
    order[static_cast<std::size_t>(half + i)] = 2 * i + 1;
  }
  return order;
}

// Returns of each head, of query, key and value in turn, the one that comes to its place.
Rows heads(const DecoderSpec& spec, bool grouped) {
  const std::int64_t keys = spec.key_value_heads, group = spec.heads / keys;
  Rows order(static_cast<std::size_t>(spec.heads + 2 * keys));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t head = 0; grouped && head < spec.heads; ++head) {
    order[static_cast<std::size_t>(head)] = head / group * (group + 2) + head % group;
  }
  for (std::int64_t key = 0; grouped && key < keys; ++key) {
    order[static_cast<std::size_t>(spec.heads + key)] = key * (group + 2) + group;
    order[static_cast<std::size_t>(spec.heads + keys + key)] = key * (group + 2) + group + 1;
  }
  return order;
}

void take_rows(at::Tensor& tensor, const Rows& rows) {
  if (tensor.defined()) {
    const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(rows), at::kLong);
    tensor = tensor.index_select(0, index.to(tensor.device()));
  }
}

// The dimensions of `count` heads, one after the other.
Rows repeated(const Rows& one, std::int64_t count) {
  Rows all;
  for (std::int64_t head = 0; head < count; ++head) {
    for (const std::int64_t row : one) {
      all.push_back(head * static_cast<std::int64_t>(one.size()) + row);
    }
  }
  return all;
}

}  // namespace

void reorder_rows(const Blueprint& blueprint, DecoderWeights& weights) {
  const RowOrder& order = blueprint.row_order;
  if (!order.grouped && !order.interleaved) {
    return;
  }
  const DecoderSpec& spec = blueprint.spec;
  const Rows rotated = dimensions(spec, order.interleaved);
  const Rows as_stored = dimensions(spec, false);
  const Rows from = heads(spec, order.grouped);
  Rows rows;
  for (std::size_t head = 0; head < from.size(); ++head) {
    const bool is_value = static_cast<std::int64_t>(head) >= spec.heads + spec.key_value_heads;
    for (const std::int64_t row : is_value ? as_stored : rotated) {
      rows.push_back(from[head] * spec.head_dim + row);
    }
  }
  for (DecoderLayerWeights& layer : weights.layers) {
    take_rows(layer.qkv_weight, rows);
    take_rows(layer.qkv_bias, rows);
    for (at::Tensor* norm : {&layer.query_norm_weight, &layer.key_norm_weight}) {
      if (norm->defined()) {
        take_rows(*norm, repeated(rotated, norm->size(0) / spec.head_dim));
      }
    }
  }
}

}  // namespace souvenir
