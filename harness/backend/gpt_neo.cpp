#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/backend/architectures.h"

namespace souvenir {

namespace {

void read_gpt_neo_sizes(const ModelConfig& config, DecoderSpec& spec) {
  spec.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary, 50257);
  spec.hidden = config.integer("hidden_size", 1, kMaxHidden, 2048);
  spec.heads = read_either(config, "num_heads", "num_attention_heads", kMaxHeads, 16);
  spec.key_value_heads = spec.heads;
  spec.head_dim = head_dim_of(config, "hidden_size", spec);
  spec.intermediate =
      config.maybe_integer("intermediate_size", 1, kMaxIntermediate).value_or(4 * spec.hidden);
  spec.context_tokens = config.integer("max_position_embeddings", 1, kMaxPositions, 2048);
  spec.layers.resize(static_cast<std::size_t>(
      read_either(config, "num_layers", "num_hidden_layers", kMaxLayers, 24)));
}

// Reads attention_types, [[[kind, ...], times], ...], as one kind for each layer.
std::vector<bool> read_local(const ModelConfig& config, std::size_t layers) {
  const std::string key = "attention_types";
  nlohmann::json types = config.raw(key);
  if (types.is_null()) {
    types = nlohmann::json::parse(R"([[["global", "local"], 12]])");
  }
  const auto expect = [&](bool holds) {
    if (!holds) {
      config.refuse(key, "expected a list of pairs: kinds (\"global\", \"local\") and how often");
    }
  };
  std::vector<bool> local;
  expect(types.is_array());
  for (const nlohmann::json& item : types) {
    expect(item.is_array() && item.size() == 2 && item[0].is_array());
    expect(item[1].is_number_unsigned() && item[1].get<std::uint64_t>() <= kMaxLayers);
    for (std::uint64_t i = 0; i < item[1].get<std::uint64_t>() && local.size() <= layers; ++i) {
      for (const nlohmann::json& kind : item[0]) {
        expect(kind == "global" || kind == "local");
        local.push_back(kind == "local");
      }
    }
  }
  if (local.size() != layers) {
    config.refuse(key,
                  "expected kinds for " + std::to_string(layers) + " layers, found another number");
  }
  return local;
}

void add_gpt_neo_layer(Blueprint& blueprint, std::int64_t layer) {
  const std::string at = "h." + std::to_string(layer) + ".";
  const std::string attention = at + "attn.attention.";
  blueprint.add(at + "ln_1.weight", Slot::attention_norm_weight, layer);
  blueprint.add(at + "ln_1.bias", Slot::attention_norm_bias, layer);
  blueprint.add(attention + "q_proj.weight", Slot::query_weight, layer);
  blueprint.add(attention + "k_proj.weight", Slot::key_weight, layer);
  blueprint.add(attention + "v_proj.weight", Slot::value_weight, layer);
  blueprint.add(attention + "out_proj.weight", Slot::output_weight, layer);
  blueprint.add(attention + "out_proj.bias", Slot::output_bias, layer);
  blueprint.add(at + "ln_2.weight", Slot::mlp_norm_weight, layer);
  blueprint.add(at + "ln_2.bias", Slot::mlp_norm_bias, layer);
  blueprint.add(at + "mlp.c_fc.weight", Slot::up_weight, layer);
  blueprint.add(at + "mlp.c_fc.bias", Slot::up_bias, layer);
  blueprint.add(at + "mlp.c_proj.weight", Slot::down_weight, layer);
  blueprint.add(at + "mlp.c_proj.bias", Slot::down_bias, layer);
}

}  // namespace

// GPT-2 with windows on some layers, and attention scores that nothing scales.
Blueprint read_gpt_neo(const ModelConfig& config) {
  Blueprint blueprint;
  DecoderSpec& spec = blueprint.spec;
  read_gpt_neo_sizes(config, spec);
  spec.norm = Norm::layer_norm;
  spec.norm_epsilon = config.number("layer_norm_epsilon", 0.0, 1.0, 1e-5);
  spec.activation = read_activation(config, "activation_function", "gelu_new");
  spec.gated_mlp = false;
  spec.learned_positions = true;
  blueprint.tied = config.flag("tie_word_embeddings", true);
  blueprint.prefix = "transformer.";
  blueprint.add("wte.weight", Slot::token_embedding);
  blueprint.add("wpe.weight", Slot::position_embedding);
  blueprint.add("ln_f.weight", Slot::final_norm_weight);
  blueprint.add("ln_f.bias", Slot::final_norm_bias);
  const std::int64_t window = config.integer("window_size", 1, kMaxPositions, 256);
  const std::vector<bool> local = read_local(config, spec.layers.size());
  for (std::size_t i = 0; i < local.size(); ++i) {
    const auto layer = static_cast<std::int64_t>(i);
    add_gpt_neo_layer(blueprint, layer);
    if (local[i]) {
      set_window(blueprint, layer, window);
    }
  }
  return blueprint;
}

}  // namespace souvenir
