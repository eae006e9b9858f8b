#include "harness/backend/llama.h"

namespace souvenir {

// Llama with multipliers on embeddings, attention scores, what each part adds, and logits.
Blueprint read_granite(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 32000,
                                                  .hidden = 4096,
                                                  .intermediate = 11008,
                                                  .layers = 32,
                                                  .heads = 32,
                                                  .key_value_heads = {},
                                                  .head_dim = {},
                                                  .positions = 2048,
                                                  .tied = false});
  DecoderSpec& spec = blueprint.spec;
  spec.activation = read_activation(config, "hidden_act", "silu");
  set_rope(spec, read_rope(config, {}));
  spec.embedding_scale = config.number("embedding_multiplier", -1e18, 1e18, 1.0);
  spec.attention_scale = config.number("attention_multiplier", -1e18, 1e18, 1.0);
  spec.residual_scale = config.number("residual_multiplier", -1e18, 1e18, 1.0);
  spec.logit_scale = 1.0 / config.number("logits_scaling", 1e-18, 1e18, 1.0);
  const bool bias = config.flag("attention_bias", false);
  add_llama_tensors(
      blueprint, {.query_key_value = bias, .output = bias, .mlp = config.flag("mlp_bias", false)});
  return blueprint;
}

}  // namespace souvenir
