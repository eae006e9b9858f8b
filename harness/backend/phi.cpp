#include <string>

#include "harness/backend/llama.h"

namespace souvenir {

namespace {

void add_phi_layer(Blueprint& blueprint, std::int64_t layer) {
  const std::string at = "layers." + std::to_string(layer) + ".";
  blueprint.add(at + "input_layernorm.weight", Slot::attention_norm_weight, layer);
  blueprint.add(at + "input_layernorm.bias", Slot::attention_norm_bias, layer);
  add_llama_attention(blueprint, layer, at + "self_attn.",
                      {.query_key_value = true, .output = true}, "dense");
  blueprint.add(at + "mlp.fc1.weight", Slot::up_weight, layer);
  blueprint.add(at + "mlp.fc1.bias", Slot::up_bias, layer);
  blueprint.add(at + "mlp.fc2.weight", Slot::down_weight, layer);
  blueprint.add(at + "mlp.fc2.bias", Slot::down_bias, layer);
}

}  // namespace

// Attention and MLP beside each other behind one norm, biases everywhere, the head's included.
Blueprint read_phi(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 51200,
                                                  .hidden = 2048,
                                                  .intermediate = 8192,
                                                  .layers = 24,
                                                  .heads = 32,
                                                  .key_value_heads = {},
                                                  .head_dim = {},
                                                  .positions = 2048,
                                                  .tied = false,
                                                  .epsilon = 1e-5,
                                                  .epsilon_key = "layer_norm_eps"});
  if (config.flag("qk_layernorm", false)) {
    config.refuse("qk_layernorm", "true is not supported in this architecture");
  }
  DecoderSpec& spec = blueprint.spec;
  spec.norm = Norm::layer_norm;
  spec.block = Block::parallel_shared;
  spec.activation = read_activation(config, "hidden_act", "gelu_new");
  spec.gated_mlp = false;
  set_rope(spec, read_rope(config, {.theta_key = "rope_theta",
                                    .theta = 10000.0,
                                    .partial_key = "partial_rotary_factor",
                                    .partial = 0.5}));
  blueprint.head_bias = "lm_head.bias";
  blueprint.add("embed_tokens.weight", Slot::token_embedding);
  blueprint.add("final_layernorm.weight", Slot::final_norm_weight);
  blueprint.add("final_layernorm.bias", Slot::final_norm_bias);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    add_phi_layer(blueprint, static_cast<std::int64_t>(layer));
  }
  return blueprint;
}

}  // namespace souvenir
