#pragma once

#include <cstdint>
#include <optional>
#include <string>

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
  double epsilon = 1e-6;
  const char* epsilon_key = "rms_norm_eps";
};

// Which biases there are, and whether norms have weights of their own.
struct LlamaTensors {
  bool query_key_value = false;
  bool output = false;
  bool mlp = false;
  bool norm = false;
  bool norm_weights = true;
};

// Reads sizes, epsilon and tying; no rope, window, activation or tensor yet.
Blueprint read_llama_sizes(const ModelConfig& config, const LlamaDefaults& defaults);

// Names the tensors: of the sizes, norms (spec.block, spec.query_key_norm) and options given.
void add_llama_tensors(Blueprint& blueprint, const LlamaTensors& tensors);

// Names the tensors of one layer's attention; `at` is what their names begin with.
void add_llama_attention(Blueprint& blueprint, std::int64_t layer, const std::string& at,
                         const LlamaTensors& tensors, const std::string& output = "o_proj");

// Names the tensors of one layer's gated MLP.
void add_llama_mlp(Blueprint& blueprint, std::int64_t layer, const std::string& at, bool with_bias);

// Gives all layers one window, if the config has one.
void set_one_window(Blueprint& blueprint, const ModelConfig& config,
                    std::optional<std::int64_t> fallback);

// Gives layers their windows as Qwen2 and Qwen3 do: by layer_types, else use_sliding_window from
// layer max_window_layers on.
void set_qwen_windows(Blueprint& blueprint, const ModelConfig& config);

}  // namespace souvenir
