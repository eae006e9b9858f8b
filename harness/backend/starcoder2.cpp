#include <string>

#include "harness/backend/llama.h"

namespace souvenir {

namespace {

void add_starcoder2_layer(Blueprint& blueprint, std::int64_t layer, bool bias) {
  const std::string at = "layers." + std::to_string(layer) + ".";
  blueprint.add(at + "input_layernorm.weight", Slot::attention_norm_weight, layer);
  blueprint.add(at + "input_layernorm.bias", Slot::attention_norm_bias, layer);
  add_llama_attention(blueprint, layer, at + "self_attn.",
                      {.query_key_value = bias, .output = bias});
  blueprint.add(at + "post_attention_layernorm.weight", Slot::mlp_norm_weight, layer);
  blueprint.add(at + "post_attention_layernorm.bias", Slot::mlp_norm_bias, layer);
  blueprint.add(at + "mlp.c_fc.weight", Slot::up_weight, layer);
  blueprint.add(at + "mlp.c_proj.weight", Slot::down_weight, layer);
  if (bias) {
    blueprint.add(at + "mlp.c_fc.bias", Slot::up_bias, layer);
    blueprint.add(at + "mlp.c_proj.bias", Slot::down_bias, layer);
  }
}

}  // namespace

// Llama's attention with layer norms, biases and GPT-2's MLP.
Blueprint read_starcoder2(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 49152,
                                                  .hidden = 3072,
                                                  .intermediate = 12288,
                                                  .layers = 30,
                                                  .heads = 24,
                                                  .key_value_heads = 2,
                                                  .head_dim = {},
                                                  .positions = 4096,
                                                  .tied = true,
                                                  .epsilon = 1e-5,
                                                  .epsilon_key = "norm_epsilon"});
  DecoderSpec& spec = blueprint.spec;
  spec.norm = Norm::layer_norm;
  spec.activation = read_activation(config, "hidden_act", "gelu_pytorch_tanh");
  spec.gated_mlp = false;
  set_rope(spec, read_rope(config, {}));
  set_one_window(blueprint, config, {});
  blueprint.add("embed_tokens.weight", Slot::token_embedding);
  blueprint.add("norm.weight", Slot::final_norm_weight);
  blueprint.add("norm.bias", Slot::final_norm_bias);
  const bool bias = config.flag("use_bias", true);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    add_starcoder2_layer(blueprint, static_cast<std::int64_t>(layer), bias);
  }
  return blueprint;
}

}  // namespace souvenir
