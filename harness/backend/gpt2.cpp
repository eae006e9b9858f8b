#include <cmath>
#include <string>

#include "harness/backend/architectures.h"

namespace souvenir {

namespace {

void read_gpt2_sizes(const ModelConfig& config, DecoderSpec& spec) {
  spec.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary, 50257);
  spec.hidden = read_either(config, "n_embd", "hidden_size", kMaxHidden, 768);
  spec.heads = read_either(config, "n_head", "num_attention_heads", kMaxHeads, 12);
  spec.key_value_heads = spec.heads;
  spec.head_dim = head_dim_of(config, "n_embd", spec);
  spec.intermediate =
      config.maybe_integer("n_inner", 1, kMaxIntermediate).value_or(4 * spec.hidden);
  spec.context_tokens =
      read_either(config, "n_positions", "max_position_embeddings", kMaxPositions, 1024);
  spec.layers.resize(static_cast<std::size_t>(
      read_either(config, "n_layer", "num_hidden_layers", kMaxLayers, 12)));
}

void add_gpt2_layer(Blueprint& blueprint, std::int64_t layer) {
  const std::string at = "h." + std::to_string(layer) + ".";
  const Layout conv = Layout::transposed;
  blueprint.add(at + "ln_1.weight", Slot::attention_norm_weight, layer);
  blueprint.add(at + "ln_1.bias", Slot::attention_norm_bias, layer);
  blueprint.add(at + "attn.c_attn.weight", Slot::qkv_weight, layer, conv);
  blueprint.add(at + "attn.c_attn.bias", Slot::qkv_bias, layer);
  blueprint.add(at + "attn.c_proj.weight", Slot::output_weight, layer, conv);
  blueprint.add(at + "attn.c_proj.bias", Slot::output_bias, layer);
  blueprint.add(at + "ln_2.weight", Slot::mlp_norm_weight, layer);
  blueprint.add(at + "ln_2.bias", Slot::mlp_norm_bias, layer);
  blueprint.add(at + "mlp.c_fc.weight", Slot::up_weight, layer, conv);
  blueprint.add(at + "mlp.c_fc.bias", Slot::up_bias, layer);
  blueprint.add(at + "mlp.c_proj.weight", Slot::down_weight, layer, conv);
  blueprint.add(at + "mlp.c_proj.bias", Slot::down_bias, layer);
}

}  // namespace

Blueprint read_gpt2(const ModelConfig& config) {
  Blueprint blueprint;
  DecoderSpec& spec = blueprint.spec;
  read_gpt2_sizes(config, spec);
  spec.norm = Norm::layer_norm;
  spec.norm_epsilon = config.number("layer_norm_epsilon", 0.0, 1.0, 1e-5);
  spec.activation = read_activation(config, "activation_function", "gelu_new");
  spec.gated_mlp = false;
  spec.learned_positions = true;
  spec.attention_scale = config.flag("scale_attn_weights", true)
                             ? 1.0 / std::sqrt(static_cast<double>(spec.head_dim))
                             : 1.0;
  if (config.flag("reorder_and_upcast_attn", false)) {
    config.refuse("reorder_and_upcast_attn", "true is not supported");
  }
  blueprint.tied = config.flag("tie_word_embeddings", true);
  blueprint.prefix = "transformer.";
  blueprint.add("wte.weight", Slot::token_embedding);
  blueprint.add("wpe.weight", Slot::position_embedding);
  blueprint.add("ln_f.weight", Slot::final_norm_weight);
  blueprint.add("ln_f.bias", Slot::final_norm_bias);
  const bool by_layer = config.flag("scale_attn_by_inverse_layer_idx", false);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    add_gpt2_layer(blueprint, static_cast<std::int64_t>(layer));
    if (by_layer) {
      blueprint.query_scales.push_back(1.0 / static_cast<double>(layer + 1));
    }
  }
  return blueprint;
}

}  // namespace souvenir
