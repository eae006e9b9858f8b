#include "harness/backend/llama.h"

namespace souvenir {

namespace {

constexpr LlamaDefaults kOlmo = {.vocabulary = 50304,
                                 .hidden = 4096,
                                 .intermediate = 11008,
                                 .layers = 32,
                                 .heads = 32,
                                 .key_value_heads = {},
                                 .head_dim = {},
                                 .positions = 2048,
                                 .tied = false,
                                 .epsilon = 1e-5};

Blueprint read_common(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, kOlmo);
  blueprint.spec.activation = read_activation(config, "hidden_act", "silu");
  set_rope(blueprint.spec, read_rope(config, {}));
  return blueprint;
}

}  // namespace

// Llama with layer norms that have no weights, and clipped queries, keys and values.
Blueprint read_olmo(const ModelConfig& config) {
  Blueprint blueprint = read_common(config);
  DecoderSpec& spec = blueprint.spec;
  spec.norm = Norm::layer_norm;
  spec.norm_epsilon = 1e-5;  // whatever a config says: the reference library asks none
  spec.query_key_value_clip = config.maybe_number("clip_qkv", 1e-6, 1e18).value_or(0.0);
  const bool bias = config.flag("attention_bias", false);
  add_llama_tensors(blueprint, {.query_key_value = bias, .output = bias, .norm_weights = false});
  return blueprint;
}

// Norms behind attention and MLP only, and norms over all queries and all keys.
Blueprint read_olmo2(const ModelConfig& config) {
  Blueprint blueprint = read_common(config);
  blueprint.spec.block = Block::post;
  blueprint.spec.query_key_norm = HeadNorm::whole;
  const bool bias = config.flag("attention_bias", false);
  add_llama_tensors(blueprint, {.query_key_value = bias, .output = bias});
  return blueprint;
}

}  // namespace souvenir
