#include "harness/backend/llama.h"

namespace souvenir {

// Attention and MLP beside each other behind one norm without bias; neighbouring dimensions are
// rotated; scaled logits.
Blueprint read_cohere(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 256000,
                                                  .hidden = 8192,
                                                  .intermediate = 22528,
                                                  .layers = 40,
                                                  .heads = 64,
                                                  .key_value_heads = {},
                                                  .head_dim = {},
                                                  .positions = 8192,
                                                  .tied = true,
                                                  .epsilon = 1e-5,
                                                  .epsilon_key = "layer_norm_eps"});
  DecoderSpec& spec = blueprint.spec;
  spec.norm = Norm::layer_norm;
  spec.block = Block::parallel_shared;
  spec.activation = read_activation(config, "hidden_act", "silu");
  spec.logit_scale = config.number("logit_scale", -1e18, 1e18, 0.0625);
  if (config.flag("use_qk_norm", false)) {
    spec.query_key_norm = HeadNorm::by_head;
  }
  set_rope(spec, read_rope(config, {.theta_key = "rope_theta", .theta = 500000.0}));
  blueprint.row_order.interleaved = true;
  const bool bias = config.flag("attention_bias", false);
  add_llama_tensors(blueprint, {.query_key_value = bias, .output = bias});
  return blueprint;
}

}  // namespace souvenir
