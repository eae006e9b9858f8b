#include <cmath>
#include <string>

#include "harness/backend/architectures.h"

namespace souvenir {

namespace {

void read_gpt_neox_sizes(const ModelConfig& config, DecoderSpec& spec) {
  spec.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary, 50432);
  spec.hidden = config.integer("hidden_size", 1, kMaxHidden, 6144);
  spec.intermediate = config.integer("intermediate_size", 1, kMaxIntermediate, 24576);
  spec.heads = config.integer("num_attention_heads", 1, kMaxHeads, 64);
  spec.key_value_heads = spec.heads;
  spec.head_dim = head_dim_of(config, "hidden_size", spec);
  spec.context_tokens = config.integer("max_position_embeddings", 1, kMaxPositions, 2048);
  spec.layers.resize(
      static_cast<std::size_t>(config.integer("num_hidden_layers", 1, kMaxLayers, 44)));
}

void add_gpt_neox_layer(Blueprint& blueprint, std::int64_t layer, bool attention_bias) {
  const std::string at = "layers." + std::to_string(layer) + ".";
  blueprint.add(at + "input_layernorm.weight", Slot::attention_norm_weight, layer);
  blueprint.add(at + "input_layernorm.bias", Slot::attention_norm_bias, layer);
  blueprint.add(at + "attention.query_key_value.weight", Slot::qkv_weight, layer,
                Layout::head_by_head);
  blueprint.add(at + "attention.dense.weight", Slot::output_weight, layer);
  if (attention_bias) {
    blueprint.add(at + "attention.query_key_value.bias", Slot::qkv_bias, layer,
                  Layout::head_by_head);
    blueprint.add(at + "attention.dense.bias", Slot::output_bias, layer);
  }
  blueprint.add(at + "post_attention_layernorm.weight", Slot::mlp_norm_weight, layer);
  blueprint.add(at + "post_attention_layernorm.bias", Slot::mlp_norm_bias, layer);
  blueprint.add(at + "mlp.dense_h_to_4h.weight", Slot::up_weight, layer);
  blueprint.add(at + "mlp.dense_h_to_4h.bias", Slot::up_bias, layer);
  blueprint.add(at + "mlp.dense_4h_to_h.weight", Slot::down_weight, layer);
  blueprint.add(at + "mlp.dense_4h_to_h.bias", Slot::down_bias, layer);
}

}  // namespace

Blueprint read_gpt_neox(const ModelConfig& config) {
  Blueprint blueprint;
  DecoderSpec& spec = blueprint.spec;
  read_gpt_neox_sizes(config, spec);
  spec.norm = Norm::layer_norm;
  spec.norm_epsilon = config.number("layer_norm_eps", 0.0, 1.0, 1e-5);
  spec.activation = read_activation(config, "hidden_act", "gelu");
  spec.gated_mlp = false;
  spec.block = config.flag("use_parallel_residual", true) ? Block::parallel : Block::pre;
  spec.attention_scale = 1.0 / std::sqrt(static_cast<double>(spec.head_dim));
  set_rope(spec, read_rope(config, {.theta_key = "rotary_emb_base",
                                    .theta = 10000.0,
                                    .partial_key = "rotary_pct",
                                    .partial = 0.25}));
  blueprint.tied = config.flag("tie_word_embeddings", false);
  blueprint.prefix = "gpt_neox.";
  blueprint.heads = {"embed_out.weight", "lm_head.weight"};
  blueprint.add("embed_in.weight", Slot::token_embedding);
  blueprint.add("final_layer_norm.weight", Slot::final_norm_weight);
  blueprint.add("final_layer_norm.bias", Slot::final_norm_bias);
  const bool attention_bias = config.flag("attention_bias", true);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    add_gpt_neox_layer(blueprint, static_cast<std::int64_t>(layer), attention_bias);
  }
  return blueprint;
}

}  // namespace souvenir
