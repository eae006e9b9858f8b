#include <cmath>
#include <string>

#include "harness/backend/alibi.h"
#include "harness/backend/architectures.h"

namespace souvenir {

namespace {

void read_bloom_sizes(const ModelConfig& config, DecoderSpec& spec) {
  spec.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary, 250880);
  spec.hidden = read_either(config, "hidden_size", "n_embed", kMaxHidden, 64);
  spec.heads = read_either(config, "n_head", "num_attention_heads", kMaxHeads, 8);
  spec.key_value_heads = spec.heads;
  spec.head_dim = head_dim_of(config, "hidden_size", spec);
  spec.intermediate = 4 * spec.hidden;
  spec.layers.resize(
      static_cast<std::size_t>(read_either(config, "n_layer", "num_hidden_layers", kMaxLayers, 2)));
}

void add_both(Blueprint& blueprint, const std::string& name, Slot weight, Slot bias,
              std::int64_t layer = 0, Layout layout = Layout::as_decoder) {
  blueprint.add(name + ".weight", weight, layer, layout);
  blueprint.add(name + ".bias", bias, layer, layout);
}

void add_bloom_layer(Blueprint& blueprint, std::int64_t layer) {
  const std::string at = "h." + std::to_string(layer) + ".";
  add_both(blueprint, at + "input_layernorm", Slot::attention_norm_weight,
           Slot::attention_norm_bias, layer);
  add_both(blueprint, at + "self_attention.query_key_value", Slot::qkv_weight, Slot::qkv_bias,
           layer, Layout::head_by_head);
  add_both(blueprint, at + "self_attention.dense", Slot::output_weight, Slot::output_bias, layer);
  add_both(blueprint, at + "post_attention_layernorm", Slot::mlp_norm_weight, Slot::mlp_norm_bias,
           layer);
  add_both(blueprint, at + "mlp.dense_h_to_4h", Slot::up_weight, Slot::up_bias, layer);
  add_both(blueprint, at + "mlp.dense_4h_to_h", Slot::down_weight, Slot::down_bias, layer);
}

// The reference library bounds no length; the checkpoints say in seq_length, or nowhere, what they
// were trained with.
void set_context(const ModelConfig& config, Blueprint& blueprint) {
  constexpr std::int64_t kTrained = 2048;
  const auto stated = config.maybe_integer("seq_length", 1, kMaxPositions);
  blueprint.spec.context_tokens = stated.value_or(kTrained);
  if (!stated) {
    blueprint.notes.emplace_back(
        "config.json states no length: 2048 tokens, with which BLOOM was trained, taken as the "
        "longest");
  }
}

}  // namespace

// Biases by distance instead of positions, and a norm on the embeddings.
Blueprint read_bloom(const ModelConfig& config) {
  Blueprint blueprint;
  DecoderSpec& spec = blueprint.spec;
  read_bloom_sizes(config, spec);
  set_context(config, blueprint);
  if (config.flag("apply_residual_connection_post_layernorm", false)) {
    config.refuse("apply_residual_connection_post_layernorm", "true is not supported");
  }
  spec.norm = Norm::layer_norm;
  spec.norm_epsilon = config.number("layer_norm_epsilon", 0.0, 1.0, 1e-5);
  spec.activation = Activation::gelu_tanh;
  spec.gated_mlp = false;
  spec.embedding_norm = true;
  spec.attention_scale = 1.0 / std::sqrt(static_cast<double>(spec.head_dim));
  spec.alibi = Alibi{.slopes = alibi_slopes(spec.heads)};
  blueprint.tied = config.flag("tie_word_embeddings", true);
  blueprint.prefix = "transformer.";
  blueprint.add("word_embeddings.weight", Slot::token_embedding);
  add_both(blueprint, "word_embeddings_layernorm", Slot::embedding_norm_weight,
           Slot::embedding_norm_bias);
  add_both(blueprint, "ln_f", Slot::final_norm_weight, Slot::final_norm_bias);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    add_bloom_layer(blueprint, static_cast<std::int64_t>(layer));
  }
  return blueprint;
}

}  // namespace souvenir
