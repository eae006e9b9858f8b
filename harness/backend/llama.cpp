#include "harness/backend/llama.h"

#include <cmath>
#include <optional>
#include <string>

namespace souvenir {

namespace {

void add_norm(Blueprint& blueprint, const std::string& name, Slot weight, std::optional<Slot> bias,
              std::int64_t layer, const LlamaTensors& tensors) {
  if (!tensors.norm_weights) {
    blueprint.ones.push_back({.name = name, .slot = weight, .layer = layer});
    return;
  }
  blueprint.add(name + ".weight", weight, layer);
  if (tensors.norm && bias) {
    blueprint.add(name + ".bias", *bias, layer);
  }
}

// The same name, post_attention_layernorm, is the norm before the MLP in Llama and the norm after
// the attention where norms stand behind what they norm.
void add_norms(Blueprint& blueprint, std::int64_t layer, const std::string& at,
               const LlamaTensors& tensors) {
  const Block block = blueprint.spec.block;
  const auto add = [&](const char* name, Slot weight, std::optional<Slot> bias) {
    add_norm(blueprint, at + name, weight, bias, layer, tensors);
  };
  if (block != Block::post) {
    add("input_layernorm", Slot::attention_norm_weight, Slot::attention_norm_bias);
  }
  if (block == Block::sandwich) {
    add("pre_feedforward_layernorm", Slot::mlp_norm_weight, Slot::mlp_norm_bias);
  }
  if (block == Block::sandwich || block == Block::post) {
    add("post_attention_layernorm", Slot::attention_post_norm_weight, {});
    add("post_feedforward_layernorm", Slot::mlp_post_norm_weight, {});
  } else if (block != Block::parallel_shared) {
    add("post_attention_layernorm", Slot::mlp_norm_weight, Slot::mlp_norm_bias);
  }
}

}  // namespace

void add_llama_attention(Blueprint& blueprint, std::int64_t layer, const std::string& at,
                         const LlamaTensors& tensors, const std::string& output) {
  blueprint.add(at + "q_proj.weight", Slot::query_weight, layer);
  blueprint.add(at + "k_proj.weight", Slot::key_weight, layer);
  blueprint.add(at + "v_proj.weight", Slot::value_weight, layer);
  blueprint.add(at + output + ".weight", Slot::output_weight, layer);
  if (tensors.query_key_value) {
    blueprint.add(at + "q_proj.bias", Slot::query_bias, layer);
    blueprint.add(at + "k_proj.bias", Slot::key_bias, layer);
    blueprint.add(at + "v_proj.bias", Slot::value_bias, layer);
  }
  if (tensors.output) {
    blueprint.add(at + output + ".bias", Slot::output_bias, layer);
  }
  const HeadNorm norm = blueprint.spec.query_key_norm;
  if (norm != HeadNorm::none) {
    const Layout layout = norm == HeadNorm::by_head ? Layout::heads_apart : Layout::as_decoder;
    blueprint.add(at + "q_norm.weight", Slot::query_norm_weight, layer, layout);
    blueprint.add(at + "k_norm.weight", Slot::key_norm_weight, layer, layout);
  }
}

void add_llama_mlp(Blueprint& blueprint, std::int64_t layer, const std::string& at,
                   bool with_bias) {
  blueprint.add(at + "gate_proj.weight", Slot::gate_weight, layer);
  blueprint.add(at + "up_proj.weight", Slot::up_weight, layer);
  blueprint.add(at + "down_proj.weight", Slot::down_weight, layer);
  if (with_bias) {
    blueprint.add(at + "gate_proj.bias", Slot::gate_bias, layer);
    blueprint.add(at + "up_proj.bias", Slot::up_bias, layer);
    blueprint.add(at + "down_proj.bias", Slot::down_bias, layer);
  }
}

void set_one_window(Blueprint& blueprint, const ModelConfig& config,
                    std::optional<std::int64_t> fallback) {
  if (config.is_null("sliding_window") || (!fallback && !config.has("sliding_window"))) {
    return;
  }
  const std::int64_t window =
      config.integer("sliding_window", 1, kMaxPositions, fallback.value_or(1));
  const auto layers = static_cast<std::int64_t>(blueprint.spec.layers.size());
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    set_window(blueprint, layer, window);
  }
}

Blueprint read_llama_sizes(const ModelConfig& config, const LlamaDefaults& defaults) {
  Blueprint blueprint;
  DecoderSpec& spec = blueprint.spec;
  spec.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary, defaults.vocabulary);
  spec.hidden = config.integer("hidden_size", 1, kMaxHidden, defaults.hidden);
  spec.intermediate =
      config.integer("intermediate_size", 1, kMaxIntermediate, defaults.intermediate);
  spec.heads = config.integer("num_attention_heads", 1, kMaxHeads, defaults.heads);
  // Absent takes the class default; null, as many as heads.
  spec.key_value_heads = config.maybe_integer("num_key_value_heads", 1, kMaxHeads)
                             .value_or(config.is_null("num_key_value_heads")
                                           ? spec.heads
                                           : defaults.key_value_heads.value_or(spec.heads));
  const auto head_dim = config.maybe_integer("head_dim", 1, kMaxHeadDim);
  if (!head_dim && !defaults.head_dim && spec.hidden % spec.heads != 0) {
    config.refuse("hidden_size", "expected a multiple of the " + std::to_string(spec.heads) +
                                     " attention heads, found " + std::to_string(spec.hidden));
  }
  spec.head_dim = head_dim.value_or(defaults.head_dim.value_or(spec.hidden / spec.heads));
  spec.context_tokens =
      config.integer("max_position_embeddings", 1, kMaxPositions, defaults.positions);
  spec.norm = Norm::rms;
  spec.norm_epsilon = config.number(defaults.epsilon_key, 0.0, 1.0, defaults.epsilon);
  spec.attention_scale = 1.0 / std::sqrt(static_cast<double>(spec.head_dim));
  spec.gated_mlp = true;
  spec.layers.resize(static_cast<std::size_t>(
      config.integer("num_hidden_layers", 1, kMaxLayers, defaults.layers)));
  blueprint.tied = config.flag("tie_word_embeddings", defaults.tied);
  blueprint.prefix = "model.";
  return blueprint;
}

void add_llama_tensors(Blueprint& blueprint, const LlamaTensors& tensors) {
  blueprint.add("embed_tokens.weight", Slot::token_embedding);
  add_norm(blueprint, "norm", Slot::final_norm_weight, Slot::final_norm_bias, 0, tensors);
  const auto layers = static_cast<std::int64_t>(blueprint.spec.layers.size());
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::string at = "layers." + std::to_string(layer) + ".";
    add_norms(blueprint, layer, at, tensors);
    add_llama_attention(blueprint, layer, at + "self_attn.", tensors);
    add_llama_mlp(blueprint, layer, at + "mlp.", tensors.mlp);
  }
}

// pretraining_tp is read by old versions only, and splits products into partial sums: the same
// numbers up to rounding.
Blueprint read_llama(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 32000,
                                                  .hidden = 4096,
                                                  .intermediate = 11008,
                                                  .layers = 32,
                                                  .heads = 32,
                                                  .key_value_heads = {},
                                                  .head_dim = {},
                                                  .positions = 2048,
                                                  .tied = false});
  blueprint.spec.activation = read_activation(config, "hidden_act", "silu");
  set_rope(blueprint.spec, read_rope(config, {}));
  const bool attention_bias = config.flag("attention_bias", false);
  add_llama_tensors(blueprint, {.query_key_value = attention_bias,
                                .output = attention_bias,
                                .mlp = config.flag("mlp_bias", false)});
  return blueprint;
}

}  // namespace souvenir
