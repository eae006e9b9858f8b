#include <cmath>
#include <string>

#include "harness/backend/llama.h"

namespace souvenir {

namespace {

constexpr const char* kFull = "full_attention";
constexpr const char* kSliding = "sliding_attention";

void refuse_variants(const ModelConfig& config) {
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    if (config.has(key)) {
      config.refuse(key, "expected null: soft caps are not supported");
    }
  }
}

// Says of each layer whether it sees a window only: by layer_types, or all but every n-th.
std::vector<bool> read_sliding(const ModelConfig& config, std::int64_t layers) {
  const std::int64_t pattern = config.integer("sliding_window_pattern", 1, kMaxLayers, 6);
  const std::vector<std::string> types = read_layer_types(config, layers);
  std::vector<bool> sliding;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    sliding.push_back(types.empty() ? (layer + 1) % pattern != 0
                                    : types[static_cast<std::size_t>(layer)] == kSliding);
  }
  return sliding;
}

// Reads the rope of one kind of layer: rope_parameters by layer type (transformers 5), or the old
// top-level base, to which rope_scaling is applied on full layers only (transformers 4).
RopeParameters read_layer_rope(const ModelConfig& config, const std::string& layer_type) {
  const bool is_full = layer_type == kFull;
  const double theta = is_full ? config.number("rope_theta", 1e-18, 1e18, 1e6)
                               : config.number("rope_local_base_freq", 1e-18, 1e18, 1e4);
  ModelConfig object = parse_model_config("{}", "config.json");
  if (const auto all = config.maybe_object("rope_parameters")) {
    if (all->has("rope_type") || all->has("rope_theta")) {
      config.refuse("rope_parameters", "expected one object per layer type");
    }
    object = all->maybe_object(layer_type).value_or(object);
  }
  const auto scaling = config.maybe_object("rope_scaling");
  if (is_full && scaling && !scaling->empty()) {
    if (!scaling->has("rope_type")) {
      scaling->refuse("rope_type", "missing");
    }
    object = object.with(*scaling);
  }
  RopeParameters rope = read_rope_object(object, theta, 1.0);
  if (rope.partial != 1.0) {
    object.refuse("partial_rotary_factor", "expected 1: this architecture rotates whole heads");
  }
  if (!rope.truncate) {
    object.refuse("truncate", "false is not supported here: versions of the reference disagree");
  }
  return rope;
}

void set_layers(Blueprint& blueprint, const ModelConfig& config) {
  DecoderSpec& spec = blueprint.spec;
  const auto layers = static_cast<std::int64_t>(spec.layers.size());
  spec.ropes = {make_rope(read_layer_rope(config, kFull), spec.head_dim, spec.context_tokens),
                make_rope(read_layer_rope(config, kSliding), spec.head_dim, spec.context_tokens)};
  spec.rotary_dim = 2 * static_cast<std::int64_t>(spec.ropes.front().inverse_frequencies.size());
  const std::vector<bool> sliding = read_sliding(config, layers);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const bool slides = sliding[static_cast<std::size_t>(layer)];
    spec.layers[static_cast<std::size_t>(layer)].rope = slides ? 1 : 0;
    if (slides) {
      set_window(blueprint, layer, config.integer("sliding_window", 1, kMaxPositions, 4096));
    }
  }
}

}  // namespace

// Norms on both sides of attention and MLP, norms on each head's query and key, most layers with a
// window and a rope of their own.
Blueprint read_gemma3_text(const ModelConfig& config) {
  refuse_variants(config);
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 262208,
                                                  .hidden = 2304,
                                                  .intermediate = 9216,
                                                  .layers = 26,
                                                  .heads = 8,
                                                  .key_value_heads = 4,
                                                  .head_dim = 256,
                                                  .positions = 131072,
                                                  .tied = true});
  DecoderSpec& spec = blueprint.spec;
  spec.norm = Norm::rms_plus_one;
  spec.block = Block::sandwich;
  spec.query_key_norm = HeadNorm::shared;
  spec.activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
  spec.attention_scale =
      1.0 / std::sqrt(config.number("query_pre_attn_scalar", 1e-18, 1e18, 256.0));
  spec.embedding_scale_rounded = true;
  spec.embedding_scale = std::sqrt(static_cast<double>(spec.hidden));
  set_layers(blueprint, config);
  const bool bias = config.flag("attention_bias", false);
  add_llama_tensors(blueprint, {.query_key_value = bias, .output = bias});
  return blueprint;
}

}  // namespace souvenir
