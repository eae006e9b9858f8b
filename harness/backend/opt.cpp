#include <cmath>
#include <string>

#include "harness/backend/architectures.h"

namespace souvenir {

namespace {

void read_opt_sizes(const ModelConfig& config, DecoderSpec& spec) {
  spec.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary, 50272);
  spec.hidden = config.integer("hidden_size", 1, kMaxHidden, 768);
  spec.heads = config.integer("num_attention_heads", 1, kMaxHeads, 12);
  spec.key_value_heads = spec.heads;
  spec.head_dim = head_dim_of(config, "hidden_size", spec);
  spec.intermediate = config.integer("ffn_dim", 1, kMaxIntermediate, 3072);
  spec.context_tokens = config.integer("max_position_embeddings", 1, kMaxPositions, 2048);
  spec.layers.resize(
      static_cast<std::size_t>(config.integer("num_hidden_layers", 1, kMaxLayers, 12)));
  const std::int64_t width =
      config.maybe_integer("word_embed_proj_dim", 1, kMaxHidden).value_or(spec.hidden);
  spec.embedding = width == spec.hidden ? 0 : width;
}

// Adds a norm, or ones where the config says that norms have no weights.
void add_norm(Blueprint& blueprint, const std::string& name, Slot weight, Slot bias,
              std::int64_t layer, bool with_weights) {
  if (!with_weights) {
    blueprint.ones.push_back({.name = name, .slot = weight, .layer = layer});
    return;
  }
  blueprint.add(name + ".weight", weight, layer);
  blueprint.add(name + ".bias", bias, layer);
}

void add_opt_layer(Blueprint& blueprint, std::int64_t layer, bool with_bias, bool norm_weights) {
  const std::string at = "decoder.layers." + std::to_string(layer) + ".";
  const auto add = [&](const char* name, Slot weight, Slot bias) {
    blueprint.add(at + name + ".weight", weight, layer);
    if (with_bias) {
      blueprint.add(at + name + ".bias", bias, layer);
    }
  };
  add("self_attn.q_proj", Slot::query_weight, Slot::query_bias);
  add("self_attn.k_proj", Slot::key_weight, Slot::key_bias);
  add("self_attn.v_proj", Slot::value_weight, Slot::value_bias);
  add("self_attn.out_proj", Slot::output_weight, Slot::output_bias);
  add("fc1", Slot::up_weight, Slot::up_bias);
  add("fc2", Slot::down_weight, Slot::down_bias);
  add_norm(blueprint, at + "self_attn_layer_norm", Slot::attention_norm_weight,
           Slot::attention_norm_bias, layer, norm_weights);
  add_norm(blueprint, at + "final_layer_norm", Slot::mlp_norm_weight, Slot::mlp_norm_bias, layer,
           norm_weights);
}

}  // namespace

// GPT-2's shape with two unused rows before the positions, and in one size (350m) norms after each
// sum and embeddings narrower than the rest.
Blueprint read_opt(const ModelConfig& config) {
  Blueprint blueprint;
  DecoderSpec& spec = blueprint.spec;
  read_opt_sizes(config, spec);
  const bool before = config.flag("do_layer_norm_before", true);
  const bool norm_weights = config.flag("layer_norm_elementwise_affine", true);
  spec.norm = Norm::layer_norm;
  spec.norm_epsilon = 1e-5;
  spec.block = before ? Block::pre : Block::after;
  spec.final_norm = before && !config.flag("_remove_final_layer_norm", false);
  spec.activation = read_activation(config, "activation_function", "relu");
  spec.gated_mlp = false;
  spec.learned_positions = true;
  spec.position_offset = 2;
  spec.attention_scale = 1.0 / std::sqrt(static_cast<double>(spec.head_dim));
  blueprint.tied = config.flag("tie_word_embeddings", true);
  blueprint.prefix = "model.";
  blueprint.add("decoder.embed_tokens.weight", Slot::token_embedding);
  blueprint.add("decoder.embed_positions.weight", Slot::position_embedding);
  if (spec.embedding > 0) {
    blueprint.add("decoder.project_in.weight", Slot::project_in);
    blueprint.add("decoder.project_out.weight", Slot::project_out);
  }
  if (spec.final_norm) {
    add_norm(blueprint, "decoder.final_layer_norm", Slot::final_norm_weight, Slot::final_norm_bias,
             0, norm_weights);
  }
  const bool with_bias = config.flag("enable_bias", true);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    add_opt_layer(blueprint, static_cast<std::int64_t>(layer), with_bias, norm_weights);
  }
  return blueprint;
}

}  // namespace souvenir
