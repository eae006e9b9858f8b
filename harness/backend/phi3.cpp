#include <string>

#include "harness/backend/llama.h"

namespace souvenir {

namespace {

// Two names of older releases stand for longrope.
RopeParameters read_phi3_rope(const ModelConfig& config) {
  const double theta = config.number("rope_theta", 1e-18, 1e18, 1e4);
  const double partial = config.number("partial_rotary_factor", 0.0, 1.0, 1.0);
  auto object = config.maybe_object("rope_scaling");
  if (!object || object->empty()) {
    object = config.maybe_object("rope_parameters");
  }
  ModelConfig given = object.value_or(parse_model_config("{}", "config.json"));
  const std::string type = given.text("rope_type", given.text("type", "default"));
  if (type == "su" || type == "yarn") {
    given = given.with(given.having("rope_type", "longrope"));
  } else if (type != "default" && type != "longrope") {
    given.refuse("rope_type", in_quotes(type) + " is not supported in this architecture; " +
                                  "supported: default, longrope");
  }
  RopeParameters rope = read_rope_object(given, theta, partial);
  rope.original_positions = config.number("original_max_position_embeddings", 1, 1e18, 4096);
  return rope;
}

void add_phi3_layer(Blueprint& blueprint, std::int64_t layer) {
  const std::string at = "layers." + std::to_string(layer) + ".";
  blueprint.add(at + "input_layernorm.weight", Slot::attention_norm_weight, layer);
  blueprint.add(at + "self_attn.qkv_proj.weight", Slot::qkv_weight, layer);
  blueprint.add(at + "self_attn.o_proj.weight", Slot::output_weight, layer);
  blueprint.add(at + "post_attention_layernorm.weight", Slot::mlp_norm_weight, layer);
  blueprint.add(at + "mlp.gate_up_proj.weight", Slot::gate_up_weight, layer);
  blueprint.add(at + "mlp.down_proj.weight", Slot::down_weight, layer);
}

}  // namespace

// Llama with query, key and value in one tensor, and gate and up in another.
Blueprint read_phi3(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 32064,
                                                  .hidden = 3072,
                                                  .intermediate = 8192,
                                                  .layers = 32,
                                                  .heads = 32,
                                                  .key_value_heads = {},
                                                  .head_dim = {},
                                                  .positions = 4096,
                                                  .tied = false,
                                                  .epsilon = 1e-5});
  blueprint.spec.activation = read_activation(config, "hidden_act", "silu");
  set_rope(blueprint.spec, read_phi3_rope(config));
  set_one_window(blueprint, config, {});
  blueprint.add("embed_tokens.weight", Slot::token_embedding);
  blueprint.add("norm.weight", Slot::final_norm_weight);
  for (std::size_t layer = 0; layer < blueprint.spec.layers.size(); ++layer) {
    add_phi3_layer(blueprint, static_cast<std::int64_t>(layer));
  }
  return blueprint;
}

}  // namespace souvenir
