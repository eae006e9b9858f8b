#include "harness/backend/architectures.h"

#include <algorithm>

#include "harness/backend/load.h"
#include "harness/error.h"

namespace souvenir {

namespace {

struct Architecture {
  const char* model_type;
  Blueprint (*read)(const ModelConfig& config);
};

constexpr Architecture kArchitectures[] = {
    {"bloom", read_bloom},
    {"cohere", read_cohere},
    {"falcon", read_falcon},
    {"gemma", read_gemma},
    {"gemma2", read_gemma2},
    {"gemma3_text", read_gemma3_text},
    {"gpt2", read_gpt2},
    {"gpt_neo", read_gpt_neo},
    {"gpt_neox", read_gpt_neox},
    {"gptj", read_gptj},
    {"granite", read_granite},
    {"llama", read_llama},
    {"mistral", read_mistral},
    {"mixtral", read_mixtral},
    {"olmo", read_olmo},
    {"olmo2", read_olmo2},
    {"opt", read_opt},
    {"phi", read_phi},
    {"phi3", read_phi3},
    {"qwen2", read_qwen2},
    {"qwen2_moe", read_qwen2_moe},
    {"qwen3", read_qwen3},
    {"smollm3", read_smollm3},
    {"stablelm", read_stablelm},
    {"starcoder2", read_starcoder2},
};

struct NamedActivation {
  const char* name;
  Activation activation;
};

// The tanh forms differ from each other in rounding only.
constexpr NamedActivation kActivations[] = {
    {"gelu", Activation::gelu_erf},
    {"gelu_python", Activation::gelu_erf},
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_fast", Activation::gelu_tanh},
    {"gelu_accurate", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu_python_tanh", Activation::gelu_tanh},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"relu", Activation::relu},
};

template <typename Table, typename Name>
std::string names_of(const Table& table, Name name) {
  std::string out;
  for (const auto& row : table) {
    out += (out.empty() ? "" : ", ") + std::string(row.*name);
  }
  return out;
}

// Refuses what no architecture here does: it would change the arithmetic, and silently.
void refuse_unsupported(const ModelConfig& config) {
  for (const char* key : {"quantization_config", "compression_config"}) {
    if (const auto object = config.maybe_object(key)) {
      config.refuse(key, "quantised weights (" +
                             in_quotes(object->maybe_text("quant_method").value_or("no method")) +
                             ") are not supported; supported: float32, bfloat16, float16");
    }
  }
  for (const char* key : {"is_encoder_decoder", "add_cross_attention"}) {
    if (config.has(key) && config.flag(key, false)) {
      config.refuse(key, "true is not supported; supported: decoders alone");
    }
  }
  // Rows that see what follows them predict nothing; the reference masks by either field.
  if (config.has("use_bidirectional_attention") &&
      config.flag("use_bidirectional_attention", false)) {
    config.refuse("use_bidirectional_attention",
                  "true is not supported: no next token is predicted");
  }
  if (config.has("is_causal") && !config.flag("is_causal", true)) {
    config.refuse("is_causal", "false is not supported: no next token is predicted");
  }
  if (config.has("transformers_weights")) {
    config.refuse("transformers_weights",
                  "weights in a file of another name are not supported; expected them in "
                  "model.safetensors or pytorch_model.bin, whole or with an index, and null here");
  }
  for (const char* key : {"per_layer_config", "pruned_heads"}) {
    if (const auto object = config.maybe_object(key); object && !object->empty()) {
      config.refuse(key, "layers of different shapes are not supported");
    }
  }
  for (const char* key : {"dtype", "torch_dtype"}) {
    const std::string dtype = config.maybe_text(key).value_or("float32");
    if (dtype != "float32" && dtype != "bfloat16" && dtype != "float16") {
      config.refuse(key,
                    in_quotes(dtype) + " is not supported; supported: float32, bfloat16, float16");
    }
  }
}

// Checks what the readers of the architectures leave to this place.
void check_spec(const ModelConfig& config, const DecoderSpec& spec) {
  if (spec.heads % spec.key_value_heads != 0) {
    config.refuse("num_key_value_heads", "expected a divisor of the " + std::to_string(spec.heads) +
                                             " attention heads, found " +
                                             std::to_string(spec.key_value_heads));
  }
}

}  // namespace

std::vector<std::string> supported_architectures() {
  std::vector<std::string> names;
  for (const Architecture& each : kArchitectures) {
    names.emplace_back(each.model_type);
  }
  return names;
}

void Blueprint::add(const std::string& name, Slot slot, std::int64_t layer, Layout layout) {
  tensors.push_back({.name = prefix + name, .slot = slot, .layer = layer, .layout = layout});
  if (slot == Slot::token_embedding) {
    embedding = prefix + name;
  }
}

Blueprint read_blueprint(const ModelConfig& config) {
  const std::string supported = names_of(kArchitectures, &Architecture::model_type);
  const auto model_type = config.maybe_text("model_type");
  if (!model_type) {
    config.refuse("model_type", "missing; supported: " + supported);
  }
  const auto* at =
      std::find_if(std::begin(kArchitectures), std::end(kArchitectures),
                   [&](const Architecture& each) { return *model_type == each.model_type; });
  if (at == std::end(kArchitectures)) {
    config.refuse("model_type",
                  in_quotes(*model_type) + " is not supported; supported: " + supported);
  }
  refuse_unsupported(config);
  Blueprint blueprint = at->read(config);
  blueprint.spec.architecture = *model_type;
  check_spec(config, blueprint.spec);
  if (config.has("auto_map")) {
    blueprint.notes.emplace_back(
        "config.json: auto_map ignored: code of a checkpoint is never run");
  }
  return blueprint;
}

Activation read_activation(const ModelConfig& config, const std::string& key,
                           const std::string& fallback) {
  const std::string name = config.text(key, fallback);
  const auto* at = std::find_if(std::begin(kActivations), std::end(kActivations),
                                [&](const NamedActivation& each) { return name == each.name; });
  if (at == std::end(kActivations)) {
    config.refuse(key, in_quotes(name) + " is not supported; supported: " +
                           names_of(kActivations, &NamedActivation::name));
  }
  return at->activation;
}

std::vector<std::string> read_layer_types(const ModelConfig& config, std::int64_t layers) {
  std::vector<std::string> types =
      config.maybe_texts("layer_types").value_or(std::vector<std::string>{});
  if (!types.empty() && static_cast<std::int64_t>(types.size()) != layers) {
    config.refuse("layer_types", "expected one for each of " + std::to_string(layers) +
                                     " layers, found " + std::to_string(types.size()));
  }
  for (std::string& type : types) {
    if (type == "attention") {  // an older name
      type = "full_attention";
    }
    if (type != "full_attention" && type != "sliding_attention") {
      config.refuse("layer_types", in_quotes(type) +
                                       " is not supported; supported: "
                                       "full_attention, sliding_attention");
    }
  }
  return types;
}

void set_window(Blueprint& blueprint, std::int64_t layer, std::int64_t window) {
  if (window < blueprint.spec.context_tokens) {
    blueprint.spec.layers[static_cast<std::size_t>(layer)].window = window;
    return;
  }
  const std::string note = "attention computed without its window of " + std::to_string(window) +
                           " tokens, which is as long as the context";
  if (blueprint.notes.empty() || blueprint.notes.back() != note) {
    blueprint.notes.push_back(note);
  }
}

std::int64_t read_either(const ModelConfig& config, const std::string& own,
                         const std::string& common, std::int64_t high, std::int64_t fallback) {
  const std::int64_t value = config.integer(own, 1, high, fallback);
  const std::int64_t other = config.integer(common, 1, high, value);
  if (config.has(own) && other != value) {
    config.refuse(common, "contradicts " + own);
  }
  return other;
}

std::int64_t head_dim_of(const ModelConfig& config, const std::string& key,
                         const DecoderSpec& spec) {
  if (spec.hidden % spec.heads != 0) {
    config.refuse(key, "expected a multiple of the " + std::to_string(spec.heads) +
                           " attention heads, found " + std::to_string(spec.hidden));
  }
  return spec.hidden / spec.heads;
}

void add_experts(Blueprint& blueprint, std::int64_t layer, const std::string& at,
                 const ExpertNames& names) {
  const std::int64_t count = blueprint.spec.experts.count;
  for (std::int64_t expert = 0; expert < count; ++expert) {
    const auto add = [&](const char* name, Slot slot) {
      blueprint.add(at + std::to_string(expert) + "." + name + ".weight", slot, layer);
      blueprint.tensors.back().part = expert;
      blueprint.tensors.back().parts = count;
    };
    add(names.gate, Slot::expert_gate_weight);
    add(names.up, Slot::expert_up_weight);
    add(names.down, Slot::expert_down_weight);
  }
}

void set_rope(DecoderSpec& spec, const RopeParameters& parameters) {
  use_rope(spec, make_rope(parameters, spec.head_dim, spec.context_tokens));
}

void use_rope(DecoderSpec& spec, Rope rope) {
  spec.rotary_dim = 2 * static_cast<std::int64_t>(rope.inverse_frequencies.size());
  if (spec.rotary_dim == 0) {
    return;
  }
  spec.ropes = {std::move(rope)};
  for (DecoderLayerSpec& layer : spec.layers) {
    layer.rope = 0;
  }
}

}  // namespace souvenir
