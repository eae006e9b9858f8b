#pragma once

#include <cstdint>
#include <optional>

#include "harness/backend/architectures.h"

namespace souvenir {

// What the architectures that follow Llama's tensor names share: RMS norms, gated MLP, separate
// query, key and value, rotary embedding.

// The reference library's class defaults.
//
//   key_value_heads  nothing: as many as heads
//   head_dim         nothing: hidden / heads
struct LlamaDefaults {
  std::int64_t vocabulary;
  std::int64_t hidden;
  std::int64_t intermediate;
  std::int64_t layers;
  std::int64_t heads;
  std::optional<std::int64_t> key_value_heads;
  std::optional<std::int64_t> head_dim;
  std::int64_t positions;
  bool tied;
};

struct LlamaBiases {
  bool query_key_value = false;
  bool output = false;
  bool mlp = false;
};

// Reads sizes, epsilon and tying; no rope, window, activation or tensor yet.
Blueprint read_llama_sizes(const ModelConfig& config, const LlamaDefaults& defaults);

// Names the tensors: of the sizes, norms (spec.block, spec.query_key_norm) and biases given.
void add_llama_tensors(Blueprint& blueprint, const LlamaBiases& biases);

// Gives layers their windows as Qwen2 and Qwen3 do: by layer_types, else use_sliding_window from
// layer max_window_layers on.
void set_qwen_windows(Blueprint& blueprint, const ModelConfig& config);

}  // namespace souvenir
