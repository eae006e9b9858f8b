#include <string>

#include "harness/backend/llama.h"

namespace souvenir {

namespace {

// One tensor for each head.
void add_head_norms(Blueprint& blueprint, std::int64_t layer, const std::string& name, Slot slot,
                    std::int64_t heads) {
  for (std::int64_t head = 0; head < heads; ++head) {
    blueprint.add("layers." + std::to_string(layer) + ".self_attn." + name + ".norms." +
                      std::to_string(head) + ".weight",
                  slot, layer);
    blueprint.tensors.back().part = head;
    blueprint.tensors.back().parts = heads;
  }
}

}  // namespace

// Llama with layer norms and a part of each head rotated.
Blueprint read_stablelm(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 50304,
                                                  .hidden = 2560,
                                                  .intermediate = 6912,
                                                  .layers = 32,
                                                  .heads = 32,
                                                  .key_value_heads = 32,
                                                  .head_dim = {},
                                                  .positions = 4096,
                                                  .tied = false,
                                                  .epsilon = 1e-5,
                                                  .epsilon_key = "layer_norm_eps"});
  DecoderSpec& spec = blueprint.spec;
  spec.norm = Norm::layer_norm;
  spec.activation = read_activation(config, "hidden_act", "silu");
  spec.block = config.flag("use_parallel_residual", false) ? Block::parallel_shared : Block::pre;
  set_rope(spec, read_rope(config, {.theta_key = "rope_theta",
                                    .theta = 10000.0,
                                    .partial_key = "partial_rotary_factor",
                                    .partial = 0.25}));
  add_llama_tensors(blueprint,
                    {.query_key_value = config.flag("use_qkv_bias", false), .norm = true});
  if (config.flag("qk_layernorm", false)) {
    spec.query_key_norm = HeadNorm::by_head;
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
      const auto layer = static_cast<std::int64_t>(i);
      add_head_norms(blueprint, layer, "q_layernorm", Slot::query_norm_weight, spec.heads);
      add_head_norms(blueprint, layer, "k_layernorm", Slot::key_norm_weight, spec.key_value_heads);
    }
  }
  return blueprint;
}

}  // namespace souvenir
