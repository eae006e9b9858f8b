#pragma once

#include <cstdint>
#include <vector>

#include "harness/backend/decoder.h"

namespace souvenir {

// A place in the decoder that one tensor of a checkpoint fills, in whole or (query, key, value,
// gate, up) as its rows of a fused weight. Shapes are decoder.h's.
enum class Slot {
  token_embedding,
  position_embedding,
  project_in,
  project_out,
  embedding_norm_weight,
  embedding_norm_bias,
  final_norm_weight,
  final_norm_bias,
  head_weight,
  head_bias,
  attention_norm_weight,
  attention_norm_bias,
  qkv_weight,
  qkv_bias,
  query_weight,
  query_bias,
  key_weight,
  key_bias,
  value_weight,
  value_bias,
  query_norm_weight,
  key_norm_weight,
  output_weight,
  output_bias,
  attention_post_norm_weight,
  mlp_norm_weight,
  mlp_norm_bias,
  gate_up_weight,
  gate_weight,
  gate_bias,
  up_weight,
  up_bias,
  down_weight,
  down_bias,
  mlp_post_norm_weight,
  router_weight,
  expert_gate_weight,
  expert_up_weight,
  expert_down_weight,
  shared_gate_weight,
  shared_up_weight,
  shared_down_weight,
  shared_open_weight,
};

// The shape that a slot has in the decoder.
std::vector<std::int64_t> slot_shape(const DecoderSpec& spec, Slot slot);

// Whether it belongs to a layer, of which there are many.
bool is_in_layer(Slot slot);

// Whether it is the weight or bias of a norm, which stay float32.
bool is_norm(Slot slot);

// Returns the tensor in which a slot has its place, made where it is missing, and in it the view of
// the slot, [out, in].
at::Tensor place_of(const DecoderSpec& spec, DecoderWeights& weights, Slot slot, std::int64_t layer,
                    at::ScalarType dtype, at::Device device);

}  // namespace souvenir
