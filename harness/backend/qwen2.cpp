#include "harness/backend/llama.h"

namespace souvenir {

void set_qwen_windows(Blueprint& blueprint, const ModelConfig& config) {
  const auto layers = static_cast<std::int64_t>(blueprint.spec.layers.size());
  const bool in_use =
      config.flag("use_sliding_window", false) && (!config.is_null("sliding_window"));
  const std::int64_t first = config.integer("max_window_layers", 0, kMaxPositions, 28);
  std::vector<std::string> types = read_layer_types(config, layers);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const bool slides = types.empty() ? in_use && layer >= first
                                      : types[static_cast<std::size_t>(layer)] != "full_attention";
    if (slides && !in_use) {
      config.refuse("layer_types",
                    "\"sliding_attention\" without use_sliding_window and "
                    "sliding_window");
    }
    if (slides) {
      set_window(blueprint, layer, config.integer("sliding_window", 1, kMaxPositions, 4096));
    }
  }
}

// Llama with biases on query, key and value only, whatever the config says, and windows from some
// layer on.
Blueprint read_qwen2(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 151936,
                                                  .hidden = 4096,
                                                  .intermediate = 22016,
                                                  .layers = 32,
                                                  .heads = 32,
                                                  .key_value_heads = 32,
                                                  .head_dim = {},
                                                  .positions = 32768,
                                                  .tied = false});
  blueprint.spec.activation = read_activation(config, "hidden_act", "silu");
  set_rope(blueprint.spec, read_rope(config, {}));
  set_qwen_windows(blueprint, config);
  add_llama_tensors(blueprint, {.query_key_value = true});
  return blueprint;
}

}  // namespace souvenir
