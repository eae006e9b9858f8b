#include <cmath>
#include <string>

#include "harness/backend/architectures.h"

namespace souvenir {

namespace {

void read_gptj_sizes(const ModelConfig& config, DecoderSpec& spec) {
  spec.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary, 50400);
  spec.hidden = read_either(config, "n_embd", "hidden_size", kMaxHidden, 4096);
  spec.heads = read_either(config, "n_head", "num_attention_heads", kMaxHeads, 16);
  spec.key_value_heads = spec.heads;
  spec.head_dim = head_dim_of(config, "n_embd", spec);
  spec.intermediate =
      config.maybe_integer("n_inner", 1, kMaxIntermediate).value_or(4 * spec.hidden);
  spec.context_tokens =
      read_either(config, "n_positions", "max_position_embeddings", kMaxPositions, 2048);
  spec.layers.resize(static_cast<std::size_t>(
      read_either(config, "n_layer", "num_hidden_layers", kMaxLayers, 28)));
}

void add_gptj_layer(Blueprint& blueprint, std::int64_t layer) {
  const std::string at = "h." + std::to_string(layer) + ".";
  blueprint.add(at + "ln_1.weight", Slot::attention_norm_weight, layer);
  blueprint.add(at + "ln_1.bias", Slot::attention_norm_bias, layer);
  blueprint.add(at + "attn.q_proj.weight", Slot::query_weight, layer);
  blueprint.add(at + "attn.k_proj.weight", Slot::key_weight, layer);
  blueprint.add(at + "attn.v_proj.weight", Slot::value_weight, layer);
  blueprint.add(at + "attn.out_proj.weight", Slot::output_weight, layer);
  blueprint.add(at + "mlp.fc_in.weight", Slot::up_weight, layer);
  blueprint.add(at + "mlp.fc_in.bias", Slot::up_bias, layer);
  blueprint.add(at + "mlp.fc_out.weight", Slot::down_weight, layer);
  blueprint.add(at + "mlp.fc_out.bias", Slot::down_bias, layer);
}

}  // namespace

// Attention and MLP beside each other behind one norm; neighbouring dimensions are rotated.
Blueprint read_gptj(const ModelConfig& config) {
  Blueprint blueprint;
  DecoderSpec& spec = blueprint.spec;
  read_gptj_sizes(config, spec);
  spec.norm = Norm::layer_norm;
  spec.norm_epsilon = config.number("layer_norm_epsilon", 0.0, 1.0, 1e-5);
  spec.activation = read_activation(config, "activation_function", "gelu_new");
  spec.gated_mlp = false;
  spec.block = Block::parallel_shared;
  spec.attention_scale = 1.0 / std::sqrt(static_cast<double>(spec.head_dim));
  const std::int64_t rotated = config.integer("rotary_dim", 1, spec.head_dim, 64);
  use_rope(spec, make_rope({}, rotated, spec.context_tokens));
  blueprint.row_order.interleaved = true;
  blueprint.tied = config.flag("tie_word_embeddings", false);
  blueprint.prefix = "transformer.";
  blueprint.head_bias = "lm_head.bias";
  blueprint.add("wte.weight", Slot::token_embedding);
  blueprint.add("ln_f.weight", Slot::final_norm_weight);
  blueprint.add("ln_f.bias", Slot::final_norm_bias);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    add_gptj_layer(blueprint, static_cast<std::int64_t>(layer));
  }
  return blueprint;
}

}  // namespace souvenir
