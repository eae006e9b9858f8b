#include <string>
#include <vector>

#include "harness/backend/llama.h"

namespace souvenir {

namespace {

// Says of each layer whether it rotates: by a list of ones and zeros, or all but every n-th.
std::vector<bool> read_rotating(const ModelConfig& config, std::int64_t layers) {
  const std::int64_t interval = config.integer("no_rope_layer_interval", 1, kMaxLayers, 4);
  const auto list = config.maybe_numbers("no_rope_layers", 0.0, 1.0);
  if (list && static_cast<std::int64_t>(list->size()) < layers) {
    config.refuse("no_rope_layers", "expected one for each of " + std::to_string(layers) +
                                        " layers, found " + std::to_string(list->size()));
  }
  std::vector<bool> rotating;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    rotating.push_back(list ? (*list)[static_cast<std::size_t>(layer)] != 0.0
                            : (layer + 1) % interval != 0);
  }
  return rotating;
}

void set_windows(Blueprint& blueprint, const ModelConfig& config,
                 const std::vector<bool>& rotating) {
  const auto layers = static_cast<std::int64_t>(rotating.size());
  const bool in_use = config.flag("use_sliding_window", false) && config.has("sliding_window");
  const std::vector<std::string> types = read_layer_types(config, layers);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const auto i = static_cast<std::size_t>(layer);
    const bool slides = types.empty() ? in_use && !rotating[i] : types[i] != "full_attention";
    if (slides && !in_use) {
      config.refuse("layer_types",
                    "\"sliding_attention\" without use_sliding_window and sliding_window");
    }
    if (slides) {
      set_window(blueprint, layer, config.integer("sliding_window", 1, kMaxPositions, 1));
    }
  }
}

}  // namespace

// Llama with some layers that do not know positions.
Blueprint read_smollm3(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 128256,
                                                  .hidden = 2048,
                                                  .intermediate = 11008,
                                                  .layers = 36,
                                                  .heads = 16,
                                                  .key_value_heads = 4,
                                                  .head_dim = {},
                                                  .positions = 32768,
                                                  .tied = true});
  DecoderSpec& spec = blueprint.spec;
  spec.activation = read_activation(config, "hidden_act", "silu");
  set_rope(spec, read_rope(config, {.theta_key = "rope_theta", .theta = 2e6}));
  const std::vector<bool> rotating =
      read_rotating(config, static_cast<std::int64_t>(spec.layers.size()));
  for (std::size_t layer = 0; layer < rotating.size(); ++layer) {
    if (!rotating[layer]) {
      spec.layers[layer].rope = -1;
    }
  }
  set_windows(blueprint, config, rotating);
  const bool bias = config.flag("attention_bias", false);
  add_llama_tensors(
      blueprint, {.query_key_value = bias, .output = bias, .mlp = config.flag("mlp_bias", false)});
  return blueprint;
}

}  // namespace souvenir
