#include "harness/backend/llama.h"

namespace souvenir {

// Llama with one window for all layers.
Blueprint read_mistral(const ModelConfig& config) {
  Blueprint blueprint = read_llama_sizes(config, {.vocabulary = 32000,
                                                  .hidden = 4096,
                                                  .intermediate = 14336,
                                                  .layers = 32,
                                                  .heads = 32,
                                                  .key_value_heads = 8,
                                                  .head_dim = {},
                                                  .positions = 131072,
                                                  .tied = false});
  blueprint.spec.activation = read_activation(config, "hidden_act", "silu");
  set_rope(blueprint.spec, read_rope(config, {}));
  const bool has_window = !config.is_null("sliding_window");
  const auto layers = static_cast<std::int64_t>(blueprint.spec.layers.size());
  set_one_window(blueprint, config, 4096);
  // The reference library reads layer_types here and then masks all layers alike.
  for (const std::string& type : read_layer_types(config, layers)) {
    if ((type == "sliding_attention") != has_window) {
      config.refuse("layer_types", in_quotes(type) +
                                       " contradicts sliding_window, which in this "
                                       "architecture holds for all layers");
    }
  }
  add_llama_tensors(blueprint, {});
  return blueprint;
}

}  // namespace souvenir
