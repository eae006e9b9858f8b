#include <string>

#include "harness/backend/llama.h"

namespace souvenir {

namespace {

void add_mixtral_layer(Blueprint& blueprint, std::int64_t layer) {
  const std::string at = "layers." + std::to_string(layer) + ".";
  blueprint.add(at + "input_layernorm.weight", Slot::attention_norm_weight, layer);
  add_llama_attention(blueprint, layer, at + "self_attn.", {});
  blueprint.add(at + "post_attention_layernorm.weight", Slot::mlp_norm_weight, layer);
  blueprint.add(at + "block_sparse_moe.gate.weight", Slot::router_weight, layer);
  const ExpertNames names = {.gate = "w1", .up = "w3", .down = "w2"};
  add_experts(blueprint, layer, at + "block_sparse_moe.experts.", names);
}

}  // namespace

// Mistral with experts in every layer, whose shares sum to one.
Blueprint read_mixtral(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 32000,
                                                  .hidden = 4096,
                                                  .intermediate = 14336,
                                                  .layers = 32,
                                                  .heads = 32,
                                                  .key_value_heads = 8,
                                                  .head_dim = {},
                                                  .positions = 131072,
                                                  .tied = false,
                                                  .epsilon = 1e-5});
  DecoderSpec& spec = blueprint.spec;
  spec.activation = read_activation(config, "hidden_act", "silu");
  set_rope(spec, read_rope(config, {.theta_key = "rope_theta", .theta = 1e6}));
  set_one_window(blueprint, config, {});
  const std::int64_t count = config.integer("num_local_experts", 1, kMaxExperts, 8);
  spec.experts = {.count = count,
                  .chosen = config.integer("num_experts_per_tok", 1, count, 2),
                  .intermediate = spec.intermediate,
                  .normalised = true};
  blueprint.add("embed_tokens.weight", Slot::token_embedding);
  blueprint.add("norm.weight", Slot::final_norm_weight);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    spec.layers[layer].sparse = true;
    add_mixtral_layer(blueprint, static_cast<std::int64_t>(layer));
  }
  return blueprint;
}

}  // namespace souvenir
