#include "harness/backend/adapter_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "harness/error.h"

namespace souvenir {

namespace {

// Switches that make an adapter another one.
constexpr std::array kSwitches = {"use_qalora", "use_bdlora"};

// Settings that make an adapter another one by being there at all.
constexpr std::array kSettings = {
    "layer_replication", "target_parameters", "alora_invocation_tokens",
    "velora_config",     "monteclora_config", "arrow_config",
    "kasa_config"};

// Initialisations that leave the base model as it is; others change it before training begins.
constexpr std::array kInitialisations = {"gaussian", "orthogonal", "eva"};

bool is_empty(const ModelConfig& config, const std::string& key) {
  if (!config.has(key)) return true;
  try {
    const auto texts = config.maybe_texts(key);
    return texts && texts->empty();
  } catch (const std::exception&) {
    return false;
  }
}

void require_plain(const ModelConfig& config) {
  const std::string type = config.text("peft_type", "");
  if (type != "LORA") {
    config.refuse("peft_type", "expected LORA, found " + in_quotes(type));
  }
  for (const char* key : kSwitches) {
    if (config.has(key) && config.flag(key, false)) config.refuse(key, "is not supported");
  }
  for (const char* key : kSettings) {
    if (!is_empty(config, key)) config.refuse(key, "is not supported; merge the adapter with PEFT");
  }
  const std::string bias = config.text("bias", "none");
  if (bias != "none" && bias != "all" && bias != "lora_only") {
    config.refuse("bias", "expected none, all or lora_only, found " + in_quotes(bias));
  }
}

void require_untouched_base(const ModelConfig& config) {
  if (!config.has("init_lora_weights")) return;
  std::string way;
  try {
    static_cast<void>(config.flag("init_lora_weights", true));
    return;
  } catch (const std::exception&) {
    way = config.text("init_lora_weights", "");
  }
  if (std::find(kInitialisations.begin(), kInitialisations.end(), way) == kInitialisations.end()) {
    config.refuse("init_lora_weights",
                  in_quotes(way) + " changes the base model; merge the adapter with PEFT");
  }
}

void read_token_rows(const ModelConfig& config, AdapterConfig& result) {
  const std::string key = "trainable_token_indices";
  const auto add = [&](const std::string& module, std::vector<std::int64_t> tokens) {
    if (!tokens.empty()) result.token_rows[module] = std::move(tokens);
  };
  if (!config.raw(key).is_object()) {
    add("", config.ids(key));
    return;
  }
  const auto modules = config.maybe_object(key);
  for (const std::string& module : modules->keys()) add(module, modules->ids(module));
}

bool is_plain_name(const std::string& pattern) {
  return !pattern.empty() && std::all_of(pattern.begin(), pattern.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.';
  });
}

}  // namespace

double AdapterConfig::scale(const std::string& module, std::int64_t rank_of_module) const {
  std::optional<double> own;
  for (const auto& [name, value] : alphas) {
    if (module != name && !module.ends_with("." + name)) continue;
    if (own && *own != value) {
      throw Error(ErrorKind::input, "adapter_config.json: \"alpha_pattern\": several names fit " +
                                        in_quotes(module) +
                                        " and differ; which one counts depends on their order");
    }
    own = value;
  }
  const auto r = static_cast<double>(rank_of_module);
  return own.value_or(alpha) / (rank_stabilised ? std::sqrt(r) : r);
}

bool AdapterConfig::saves(std::string_view tensor) const {
  for (auto dot = tensor.find('.'); dot != std::string_view::npos;
       dot = tensor.find('.', dot + 1)) {
    const std::string_view module = tensor.substr(0, dot);
    if (std::any_of(modules_to_save.begin(), modules_to_save.end(),
                    [&](const std::string& end) { return module.ends_with(end); })) {
      return true;
    }
  }
  return false;
}

AdapterConfig read_adapter_config(const ModelConfig& config) {
  require_plain(config);
  require_untouched_base(config);
  AdapterConfig result;
  result.rank = config.integer("r", 1, 1 << 20, 8);
  result.alpha = config.number("lora_alpha", -1e9, 1e9, 8.0);
  result.rank_stabilised = config.flag("use_rslora", false);
  result.dora = config.flag("use_dora", false);
  result.factor_biases = config.flag("lora_bias", false);
  if (result.dora && result.factor_biases) {
    config.refuse("lora_bias", "is not supported with use_dora");
  }
  result.modules_to_save =
      config.maybe_texts("modules_to_save").value_or(std::vector<std::string>());
  read_token_rows(config, result);
  if (const auto patterns = config.maybe_object("alpha_pattern")) {
    for (const std::string& name : patterns->keys()) {
      if (!is_plain_name(name)) {
        config.refuse("alpha_pattern",
                      "expected names of modules, found the pattern " + in_quotes(name));
      }
      result.alphas[name] = patterns->number(name, -1e9, 1e9, result.alpha);
    }
  }
  return result;
}

}  // namespace souvenir
