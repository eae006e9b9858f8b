#include <cmath>
#include <string>

#include "harness/backend/alibi.h"
#include "harness/backend/architectures.h"

namespace souvenir {

namespace {

// What the generations of Falcon differ by.
//
//   grouped    Falcon 40B and later: several key/value heads, each with its queries
//   two_norms  of attention and MLP, which stand beside each other
struct Variant {
  bool grouped, multi_query, beside, two_norms, alibi, bias;
};

Variant read_variant(const ModelConfig& config) {
  Variant v{};
  v.grouped = config.flag("new_decoder_architecture", false);
  v.multi_query = config.flag("multi_query", true);
  v.beside = config.flag("parallel_attn", true);
  v.alibi = config.flag("alibi", false);
  v.bias = config.flag("bias", false);
  const auto norms = config.maybe_integer("num_ln_in_parallel_attn", 1, 2);
  v.two_norms = norms ? *norms == 2 : v.grouped;
  if (v.grouped && !v.beside) {
    config.refuse("parallel_attn", "false contradicts new_decoder_architecture");
  }
  if (v.two_norms && !v.grouped) {
    config.refuse("num_ln_in_parallel_attn", "2 is not supported without new_decoder_architecture");
  }
  return v;
}

void read_falcon_sizes(const ModelConfig& config, const Variant& variant, DecoderSpec& spec) {
  spec.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary, 65024);
  spec.hidden = read_either(config, "hidden_size", "n_embed", kMaxHidden, 4544);
  spec.heads = config.integer("num_attention_heads", 1, kMaxHeads, 71);
  spec.head_dim = head_dim_of(config, "hidden_size", spec);
  const std::int64_t stated =
      config.maybe_integer("num_kv_heads", 1, kMaxHeads).value_or(spec.heads);
  spec.key_value_heads = variant.grouped ? stated : variant.multi_query ? 1 : spec.heads;
  if (!variant.grouped && !variant.multi_query && stated != spec.heads) {
    config.refuse("num_kv_heads", "expected as many as heads without multi_query");
  }
  spec.intermediate =
      config.maybe_integer("ffn_hidden_size", 1, kMaxIntermediate).value_or(4 * spec.hidden);
  spec.context_tokens = config.integer("max_position_embeddings", 1, kMaxPositions, 2048);
  spec.layers.resize(
      static_cast<std::size_t>(config.integer("num_hidden_layers", 1, kMaxLayers, 32)));
}

void add_falcon_layer(Blueprint& blueprint, std::int64_t layer, const Variant& variant) {
  const std::string at = "h." + std::to_string(layer) + ".";
  const Layout layout =
      variant.grouped || variant.multi_query ? Layout::as_decoder : Layout::head_by_head;
  const auto norm = [&](const char* name, Slot weight, Slot bias) {
    blueprint.add(at + name + ".weight", weight, layer);
    blueprint.add(at + name + ".bias", bias, layer);
  };
  const auto linear = [&](const char* name, Slot weight, Slot bias, Layout order) {
    blueprint.add(at + name + ".weight", weight, layer, order);
    if (variant.bias) {
      blueprint.add(at + name + ".bias", bias, layer, order);
    }
  };
  norm(variant.two_norms ? "ln_attn" : "input_layernorm", Slot::attention_norm_weight,
       Slot::attention_norm_bias);
  if (variant.two_norms || !variant.beside) {
    norm(variant.two_norms ? "ln_mlp" : "post_attention_layernorm", Slot::mlp_norm_weight,
         Slot::mlp_norm_bias);
  }
  linear("self_attention.query_key_value", Slot::qkv_weight, Slot::qkv_bias, layout);
  linear("self_attention.dense", Slot::output_weight, Slot::output_bias, Layout::as_decoder);
  linear("mlp.dense_h_to_4h", Slot::up_weight, Slot::up_bias, Layout::as_decoder);
  linear("mlp.dense_4h_to_h", Slot::down_weight, Slot::down_bias, Layout::as_decoder);
}

void set_positions(const ModelConfig& config, const Variant& variant, DecoderSpec& spec) {
  spec.attention_scale = 1.0 / std::sqrt(static_cast<double>(spec.head_dim));
  if (variant.alibi) {  // scaled with the scores, after rounding, as in the reference
    spec.alibi =
        Alibi{.slopes = alibi_slopes(spec.heads), .scale = spec.attention_scale, .rounded = true};
  } else {
    set_rope(spec, read_rope(config, {}));
  }
}

}  // namespace

Blueprint read_falcon(const ModelConfig& config) {
  const Variant variant = read_variant(config);
  Blueprint blueprint;
  DecoderSpec& spec = blueprint.spec;
  read_falcon_sizes(config, variant, spec);
  spec.norm = Norm::layer_norm;
  spec.norm_epsilon = config.number("layer_norm_epsilon", 0.0, 1.0, 1e-5);
  spec.activation = read_activation(config, "activation", "gelu");
  spec.gated_mlp = false;
  spec.block = variant.two_norms ? Block::parallel
               : variant.beside  ? Block::parallel_shared
                                 : Block::pre;
  set_positions(config, variant, spec);
  blueprint.row_order.grouped = variant.grouped;
  blueprint.tied = config.flag("tie_word_embeddings", true);
  blueprint.prefix = "transformer.";
  blueprint.add("word_embeddings.weight", Slot::token_embedding);
  blueprint.add("ln_f.weight", Slot::final_norm_weight);
  blueprint.add("ln_f.bias", Slot::final_norm_bias);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    add_falcon_layer(blueprint, static_cast<std::int64_t>(layer), variant);
  }
  return blueprint;
}

}  // namespace souvenir
