#include "harness/backend/slots.h"

#include <algorithm>
#include <iterator>

#include "harness/error.h"

namespace souvenir {

namespace {

enum class Extent {
  one,
  vocabulary,
  hidden,
  embedding,
  positions,
  query,
  key,
  qkv,
  query_norm,
  key_norm,
  inner,
  gate_up,
  experts,
  experts_inner,
  experts_hidden,
  expert_inner,
  shared,
  single
};
enum class Kind { norm, other };

using InModel = at::Tensor DecoderWeights::*;
using InLayer = at::Tensor DecoderLayerWeights::*;

// What one slot is.
//
//   rows, columns  its shape; one column: a vector
//   in_model       the tensor that holds it, or
//   in_layer       the tensor of its layer that holds it, alone or fused with others
struct SlotRow {
  Slot slot;
  Kind kind;
  Extent rows;
  Extent columns;
  InModel in_model;
  InLayer in_layer;
};

constexpr SlotRow model_row(Slot slot, Kind kind, Extent rows, Extent columns, InModel tensor) {
  return {slot, kind, rows, columns, tensor, nullptr};
}

constexpr SlotRow layer_row(Slot slot, Kind kind, Extent rows, Extent columns, InLayer tensor) {
  return {slot, kind, rows, columns, nullptr, tensor};
}

using M = DecoderWeights;
using L = DecoderLayerWeights;
using E = Extent;
constexpr Kind kNorm = Kind::norm;
constexpr Kind kOther = Kind::other;

constexpr SlotRow kSlots[] = {
    model_row(Slot::token_embedding, kOther, E::vocabulary, E::embedding, &M::token_embedding),
    model_row(Slot::position_embedding, kOther, E::positions, E::hidden, &M::position_embedding),
    model_row(Slot::project_in, kOther, E::hidden, E::embedding, &M::project_in),
    model_row(Slot::project_out, kOther, E::embedding, E::hidden, &M::project_out),
    model_row(Slot::embedding_norm_weight, kNorm, E::hidden, E::one, &M::embedding_norm_weight),
    model_row(Slot::embedding_norm_bias, kNorm, E::hidden, E::one, &M::embedding_norm_bias),
    model_row(Slot::head_weight, kOther, E::vocabulary, E::embedding, &M::head_weight),
    model_row(Slot::head_bias, kOther, E::vocabulary, E::one, &M::head_bias),
    model_row(Slot::final_norm_weight, kNorm, E::hidden, E::one, &M::final_norm_weight),
    model_row(Slot::final_norm_bias, kNorm, E::hidden, E::one, &M::final_norm_bias),
    layer_row(Slot::attention_norm_weight, kNorm, E::hidden, E::one, &L::attention_norm_weight),
    layer_row(Slot::attention_norm_bias, kNorm, E::hidden, E::one, &L::attention_norm_bias),
    layer_row(Slot::qkv_weight, kOther, E::qkv, E::hidden, &L::qkv_weight),
    layer_row(Slot::qkv_bias, kOther, E::qkv, E::one, &L::qkv_bias),
    layer_row(Slot::query_weight, kOther, E::query, E::hidden, &L::qkv_weight),
    layer_row(Slot::query_bias, kOther, E::query, E::one, &L::qkv_bias),
    layer_row(Slot::key_weight, kOther, E::key, E::hidden, &L::qkv_weight),
    layer_row(Slot::key_bias, kOther, E::key, E::one, &L::qkv_bias),
    layer_row(Slot::value_weight, kOther, E::key, E::hidden, &L::qkv_weight),
    layer_row(Slot::value_bias, kOther, E::key, E::one, &L::qkv_bias),
    layer_row(Slot::query_norm_weight, kNorm, E::query_norm, E::one, &L::query_norm_weight),
    layer_row(Slot::key_norm_weight, kNorm, E::key_norm, E::one, &L::key_norm_weight),
    layer_row(Slot::output_weight, kOther, E::hidden, E::query, &L::output_weight),
    layer_row(Slot::output_bias, kOther, E::hidden, E::one, &L::output_bias),
    layer_row(Slot::attention_post_norm_weight, kNorm, E::hidden, E::one,
              &L::attention_post_norm_weight),
    layer_row(Slot::mlp_norm_weight, kNorm, E::hidden, E::one, &L::mlp_norm_weight),
    layer_row(Slot::mlp_norm_bias, kNorm, E::hidden, E::one, &L::mlp_norm_bias),
    layer_row(Slot::gate_up_weight, kOther, E::gate_up, E::hidden, &L::gate_up_weight),
    layer_row(Slot::gate_weight, kOther, E::inner, E::hidden, &L::gate_up_weight),
    layer_row(Slot::gate_bias, kOther, E::inner, E::one, &L::gate_up_bias),
    layer_row(Slot::up_weight, kOther, E::inner, E::hidden, &L::gate_up_weight),
    layer_row(Slot::up_bias, kOther, E::inner, E::one, &L::gate_up_bias),
    layer_row(Slot::down_weight, kOther, E::hidden, E::inner, &L::down_weight),
    layer_row(Slot::down_bias, kOther, E::hidden, E::one, &L::down_bias),
    layer_row(Slot::mlp_post_norm_weight, kNorm, E::hidden, E::one, &L::mlp_post_norm_weight),
    layer_row(Slot::router_weight, kOther, E::experts, E::hidden, &L::router_weight),
    layer_row(Slot::expert_gate_weight, kOther, E::experts_inner, E::hidden,
              &L::expert_gate_up_weight),
    layer_row(Slot::expert_up_weight, kOther, E::experts_inner, E::hidden,
              &L::expert_gate_up_weight),
    layer_row(Slot::expert_down_weight, kOther, E::experts_hidden, E::expert_inner,
              &L::expert_down_weight),
    layer_row(Slot::shared_gate_weight, kOther, E::shared, E::hidden, &L::shared_gate_up_weight),
    layer_row(Slot::shared_up_weight, kOther, E::shared, E::hidden, &L::shared_gate_up_weight),
    layer_row(Slot::shared_down_weight, kOther, E::hidden, E::shared, &L::shared_down_weight),
    layer_row(Slot::shared_open_weight, kOther, E::single, E::hidden, &L::shared_gate_weight),
};

const SlotRow& row_of(Slot slot) {
  const auto* at = std::find_if(std::begin(kSlots), std::end(kSlots),
                                [&](const SlotRow& row) { return row.slot == slot; });
  if (at == std::end(kSlots)) {
    throw Error(ErrorKind::internal, "a slot without a place");
  }
  return *at;
}

std::int64_t length_of(const DecoderSpec& spec, Extent extent) {
  switch (extent) {
    case Extent::one:
      return 1;
    case Extent::vocabulary:
      return spec.vocabulary;
    case Extent::hidden:
      return spec.hidden;
    case Extent::embedding:
      return spec.embedding > 0 ? spec.embedding : spec.hidden;
    case Extent::positions:
      return spec.position_offset + spec.context_tokens;
    case Extent::query:
      return spec.heads * spec.head_dim;
    case Extent::key:
      return spec.key_value_heads * spec.head_dim;
    case Extent::qkv:
      return (spec.heads + 2 * spec.key_value_heads) * spec.head_dim;
    case Extent::query_norm:
      return spec.query_key_norm == HeadNorm::shared ? spec.head_dim : spec.heads * spec.head_dim;
    case Extent::key_norm:
      return spec.query_key_norm == HeadNorm::shared ? spec.head_dim
                                                     : spec.key_value_heads * spec.head_dim;
    case Extent::inner:
      return spec.intermediate;
    case Extent::gate_up:
      return 2 * spec.intermediate;
    case Extent::experts:
      return spec.experts.count;
    case Extent::experts_inner:
      return spec.experts.count * spec.experts.intermediate;
    case Extent::experts_hidden:
      return spec.experts.count * spec.hidden;
    case Extent::expert_inner:
      return spec.experts.intermediate;
    case Extent::shared:
      return spec.experts.shared;
    case Extent::single:
      return 1;
  }
  throw Error(ErrorKind::internal, "an extent without a length");
}

// Where a slot stands in the tensor that holds it.
struct Rows {
  std::int64_t before = 0;
  std::int64_t all = 0;
};

Rows rows_in_tensor(const DecoderSpec& spec, Slot slot) {
  const std::int64_t own = length_of(spec, row_of(slot).rows);
  const std::int64_t qkv = length_of(spec, Extent::qkv);
  const std::int64_t gate = spec.gated_mlp ? spec.intermediate : 0;
  switch (slot) {
    case Slot::query_weight:
    case Slot::query_bias:
      return {.before = 0, .all = qkv};
    case Slot::key_weight:
    case Slot::key_bias:
      return {.before = qkv - 2 * own, .all = qkv};
    case Slot::value_weight:
    case Slot::value_bias:
      return {.before = qkv - own, .all = qkv};
    case Slot::gate_weight:
    case Slot::gate_bias:
      return {.before = 0, .all = gate + own};
    case Slot::up_weight:
    case Slot::up_bias:
      return {.before = gate, .all = gate + own};
    case Slot::expert_gate_weight:
    case Slot::shared_gate_weight:
      return {.before = 0, .all = 2 * own};
    case Slot::expert_up_weight:
    case Slot::shared_up_weight:
      return {.before = own, .all = 2 * own};
    default:
      return {.before = 0, .all = own};
  }
}

}  // namespace

std::vector<std::int64_t> slot_shape(const DecoderSpec& spec, Slot slot) {
  const SlotRow& row = row_of(slot);
  std::vector<std::int64_t> shape = {length_of(spec, row.rows)};
  if (row.columns != Extent::one) {
    shape.push_back(length_of(spec, row.columns));
  }
  return shape;
}

bool is_in_layer(Slot slot) { return row_of(slot).in_layer != nullptr; }

bool is_norm(Slot slot) { return row_of(slot).kind == Kind::norm; }

at::Tensor place_of(const DecoderSpec& spec, DecoderWeights& weights, Slot slot, std::int64_t layer,
                    at::ScalarType dtype, at::Device device) {
  const SlotRow& row = row_of(slot);
  at::Tensor& tensor = row.in_model != nullptr
                           ? weights.*row.in_model
                           : weights.layers[static_cast<std::size_t>(layer)].*row.in_layer;
  std::vector<std::int64_t> shape = slot_shape(spec, slot);
  const std::int64_t own = shape[0];
  const Rows rows = rows_in_tensor(spec, slot);
  if (!tensor.defined()) {
    shape[0] = rows.all;
    tensor = at::empty(
        shape, at::TensorOptions().dtype(is_norm(slot) ? at::kFloat : dtype).device(device));
  }
  return tensor.narrow(0, rows.before, own);
}

}  // namespace souvenir
