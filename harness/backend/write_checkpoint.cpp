#include "harness/backend/write_checkpoint.h"

#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace souvenir {

namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

using nlohmann::ordered_json;

std::string config_json(const LlamaSizes& sizes, TokenId bos_id, TokenId eos_id) {
  const ordered_json config = {{"architectures", {"LlamaForCausalLM"}},
                               {"model_type", "llama"},
                               {"vocab_size", sizes.vocabulary},
                               {"hidden_size", sizes.hidden},
                               {"intermediate_size", sizes.intermediate},
                               {"num_hidden_layers", sizes.layers},
                               {"num_attention_heads", sizes.heads},
                               {"num_key_value_heads", sizes.heads},
                               {"max_position_embeddings", sizes.context_tokens},
                               {"hidden_act", "silu"},
                               {"rms_norm_eps", sizes.norm_epsilon},
                               {"rope_theta", sizes.rope_theta},
                               {"attention_bias", false},
                               {"mlp_bias", false},
                               {"tie_word_embeddings", true},
                               {"bos_token_id", bos_id},
                               {"eos_token_id", eos_id},
                               {"torch_dtype", "float32"}};
  return config.dump(2) + "\n";
}

}  // namespace

std::string write_safetensors(std::span<const NamedWeight> weights) {
  ordered_json header = {{"__metadata__", {{"format", "pt"}}}};
  std::uint64_t offset = 0;
  for (const NamedWeight& weight : weights) {
    const std::uint64_t end = offset + weight.values.size() * sizeof(float);
    header[weight.name] = {
        {"dtype", "F32"}, {"shape", weight.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // weights then begin at a multiple of 8
  std::string file;
  file.reserve(8 + text.size() + offset);
  for (unsigned shift = 0; shift < 64; shift += 8)
    file += static_cast<char>(static_cast<std::uint64_t>(text.size()) >> shift & 0xFFU);
  file += text;
  for (const NamedWeight& weight : weights) {
    file.append(reinterpret_cast<const char*>(weight.values.data()),
                weight.values.size() * sizeof(float));
  }
  return file;
}

std::vector<CheckpointBytes> checkpoint_files(const TrainedLlama& model, TokenId bos_id,
                                              TokenId eos_id) {
  const ordered_json generation = {{"bos_token_id", bos_id}, {"eos_token_id", eos_id}};
  return {{"config.json", config_json(model.sizes, bos_id, eos_id)},
          {"generation_config.json", generation.dump(2) + "\n"},
          {"model.safetensors", write_safetensors(model.weights)}};
}

}  // namespace souvenir
