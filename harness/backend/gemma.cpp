#include <cmath>
#include <string>

#include "harness/backend/llama.h"

namespace souvenir {

namespace {

constexpr LlamaDefaults kGemma = {.vocabulary = 256000,
                                  .hidden = 3072,
                                  .intermediate = 24576,
                                  .layers = 28,
                                  .heads = 16,
                                  .key_value_heads = 16,
                                  .head_dim = 256,
                                  .positions = 8192,
                                  .tied = true};
constexpr LlamaDefaults kGemma2 = {.vocabulary = 256000,
                                   .hidden = 2304,
                                   .intermediate = 9216,
                                   .layers = 26,
                                   .heads = 8,
                                   .key_value_heads = 4,
                                   .head_dim = 256,
                                   .positions = 8192,
                                   .tied = true};

// What both have: norms by one plus the weight, and scaled embeddings.
Blueprint read_common(const ModelConfig& config, const LlamaDefaults& defaults) {
  Blueprint blueprint = read_llama_sizes(config, defaults);
  DecoderSpec& spec = blueprint.spec;
  spec.norm = Norm::rms_plus_one;
  spec.embedding_scale = std::sqrt(static_cast<double>(spec.hidden));
  spec.embedding_scale_rounded = true;
  set_rope(spec, read_rope(config, {}));
  return blueprint;
}

void finish(Blueprint& blueprint, const ModelConfig& config) {
  const bool bias = config.flag("attention_bias", false);
  add_llama_tensors(blueprint, {.query_key_value = bias, .output = bias});
}

// Reads a soft cap, which null takes away.
double read_cap(const ModelConfig& config, const std::string& key, double fallback) {
  return config.is_null(key) ? 0.0 : config.number(key, 1e-6, 1e18, fallback);
}

}  // namespace

// In the official releases "gelu" stands for its tanh form, as the reference library knows.
Blueprint read_gemma(const ModelConfig& config) {
  Blueprint blueprint = read_common(config, kGemma);
  const bool legacy = config.text("hidden_act", "gelu_pytorch_tanh") == "gelu";
  blueprint.spec.activation =
      legacy ? Activation::gelu_tanh : read_activation(config, "hidden_act", "gelu_pytorch_tanh");
  if (config.has("hidden_activation") &&
      read_activation(config, "hidden_activation", "") != blueprint.spec.activation) {
    config.refuse("hidden_activation",
                  "contradicts hidden_act: versions of the reference disagree");
  }
  finish(blueprint, config);
  return blueprint;
}

// Gemma with norms on both sides, soft caps on attention scores and logits, and a window on every
// other layer.
Blueprint read_gemma2(const ModelConfig& config) {
  Blueprint blueprint = read_common(config, kGemma2);
  DecoderSpec& spec = blueprint.spec;
  spec.block = Block::sandwich;
  spec.activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
  spec.attention_scale =
      1.0 / std::sqrt(config.number("query_pre_attn_scalar", 1e-18, 1e18, 256.0));
  spec.attention_cap = read_cap(config, "attn_logit_softcapping", 50.0);
  spec.logit_cap = read_cap(config, "final_logit_softcapping", 30.0);
  const auto layers = static_cast<std::int64_t>(spec.layers.size());
  const std::vector<std::string> types = read_layer_types(config, layers);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const bool slides =
        types.empty() ? layer % 2 == 0 : types[static_cast<std::size_t>(layer)] != "full_attention";
    if (slides) {
      set_window(blueprint, layer, config.integer("sliding_window", 1, kMaxPositions, 4096));
    }
  }
  finish(blueprint, config);
  return blueprint;
}

}  // namespace souvenir
