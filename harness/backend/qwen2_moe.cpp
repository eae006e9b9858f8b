#include <algorithm>
#include <string>
#include <vector>

#include "harness/backend/llama.h"

namespace souvenir {

namespace {

// Says of each layer whether it has experts: every n-th has, but for those of a list.
void set_sparse(DecoderSpec& spec, const ModelConfig& config) {
  const auto layers = static_cast<std::int64_t>(spec.layers.size());
  const std::int64_t step = config.integer("decoder_sparse_step", 1, kMaxLayers, 1);
  const auto dense =
      config.maybe_numbers("mlp_only_layers", 0.0, 1e9).value_or(std::vector<double>{});
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const bool listed =
        std::find(dense.begin(), dense.end(), static_cast<double>(layer)) != dense.end();
    spec.layers[static_cast<std::size_t>(layer)].sparse = !listed && (layer + 1) % step == 0;
  }
}

// Unlike in Qwen2, it is layers before max_window_layers that slide, and of those every other.
void set_windows(Blueprint& blueprint, const ModelConfig& config) {
  const auto layers = static_cast<std::int64_t>(blueprint.spec.layers.size());
  const bool in_use = config.flag("use_sliding_window", false);
  const std::int64_t end = config.integer("max_window_layers", 0, kMaxPositions, 28);
  const std::vector<std::string> types = read_layer_types(config, layers);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const bool slides = types.empty() ? in_use && layer % 2 == 0 && layer < end
                                      : types[static_cast<std::size_t>(layer)] != "full_attention";
    if (slides && !in_use) {
      config.refuse("layer_types", "\"sliding_attention\" without use_sliding_window");
    }
    if (slides) {
      set_window(blueprint, layer, config.integer("sliding_window", 1, kMaxPositions, 4096));
    }
  }
}

void add_qwen2_moe_layer(Blueprint& blueprint, std::int64_t layer, bool bias) {
  const std::string at = "layers." + std::to_string(layer) + ".";
  blueprint.add(at + "input_layernorm.weight", Slot::attention_norm_weight, layer);
  add_llama_attention(blueprint, layer, at + "self_attn.", {.query_key_value = bias});
  blueprint.add(at + "post_attention_layernorm.weight", Slot::mlp_norm_weight, layer);
  if (!blueprint.spec.layers[static_cast<std::size_t>(layer)].sparse) {
    add_llama_mlp(blueprint, layer, at + "mlp.", false);
    return;
  }
  blueprint.add(at + "mlp.gate.weight", Slot::router_weight, layer);
  const ExpertNames names = {.gate = "gate_proj", .up = "up_proj", .down = "down_proj"};
  add_experts(blueprint, layer, at + "mlp.experts.", names);
  const std::string shared = at + "mlp.shared_expert";
  blueprint.add(shared + ".gate_proj.weight", Slot::shared_gate_weight, layer);
  blueprint.add(shared + ".up_proj.weight", Slot::shared_up_weight, layer);
  blueprint.add(shared + ".down_proj.weight", Slot::shared_down_weight, layer);
  blueprint.add(shared + "_gate.weight", Slot::shared_open_weight, layer);
}

}  // namespace

// Qwen2 with experts in most layers, beside one that every row goes through.
Blueprint read_qwen2_moe(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 151936,
                                                  .hidden = 2048,
                                                  .intermediate = 5632,
                                                  .layers = 24,
                                                  .heads = 16,
                                                  .key_value_heads = 16,
                                                  .head_dim = {},
                                                  .positions = 32768,
                                                  .tied = false});
  DecoderSpec& spec = blueprint.spec;
  spec.activation = read_activation(config, "hidden_act", "silu");
  set_rope(spec, read_rope(config, {}));
  set_windows(blueprint, config);
  const std::int64_t count = config.integer("num_experts", 1, kMaxExperts, 60);
  spec.experts = {
      .count = count,
      .chosen = config.integer("num_experts_per_tok", 1, count, std::min<std::int64_t>(count, 4)),
      .intermediate = config.integer("moe_intermediate_size", 1, kMaxIntermediate, 1408),
      .normalised = config.flag("norm_topk_prob", false),
      .shared = config.integer("shared_expert_intermediate_size", 1, kMaxIntermediate, 5632)};
  set_sparse(spec, config);
  const bool bias = config.flag("qkv_bias", true);
  blueprint.add("embed_tokens.weight", Slot::token_embedding);
  blueprint.add("norm.weight", Slot::final_norm_weight);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    add_qwen2_moe_layer(blueprint, static_cast<std::int64_t>(layer), bias);
  }
  return blueprint;
}

}  // namespace souvenir
