#include "harness/backend/llama.h"

namespace souvenir {

// Qwen2 with norms on each head's query and key, and heads of their own size.
Blueprint read_qwen3(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 151936,
                                                  .hidden = 4096,
                                                  .intermediate = 22016,
                                                  .layers = 32,
                                                  .heads = 32,
                                                  .key_value_heads = 32,
                                                  .head_dim = 128,
                                                  .positions = 32768,
                                                  .tied = false});
  blueprint.spec.activation = read_activation(config, "hidden_act", "silu");
  blueprint.spec.query_key_norm = HeadNorm::shared;
  set_rope(blueprint.spec, read_rope(config, {}));
  set_qwen_windows(blueprint, config);
  const bool bias = config.flag("attention_bias", false);
  add_llama_tensors(blueprint, {.query_key_value = bias, .output = bias});
  return blueprint;
}

}  // namespace souvenir
