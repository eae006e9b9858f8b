#include "harness/backend/gguf_checkpoint.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "harness/backend/architectures.h"
#include "harness/backend/gguf_file.h"
#include "harness/backend/load.h"
#include "harness/error.h"

namespace souvenir {

namespace {

namespace fs = std::filesystem;

// How a family's tensors are called there and here, and kept there. In names of layers, what stands
// behind "blk.N." and behind the layer's prefix.
struct TensorName {
  std::string_view there;
  std::string_view here;
  StoredForm form = StoredForm::as_published;
};

struct NamedFamily {
  std::string_view architecture;
  std::string_view layer;  // what names of layers begin with, before the number
  std::vector<TensorName> tensors;
  std::vector<TensorName> of_layer;
};

constexpr StoredForm kPlain = StoredForm::as_published;

// Llama's names, with the form of queries and keys, and of norms.
NamedFamily llama_family(std::string_view architecture, StoredForm rotated = kPlain,
                         StoredForm norms = kPlain) {
  return {.architecture = architecture,
          .layer = "model.layers.",
          .tensors = {{"token_embd.weight", "model.embed_tokens.weight"},
                      {"output_norm.weight", "model.norm.weight", norms},
                      {"output.weight", "lm_head.weight"}},
          .of_layer = {{"attn_norm.weight", "input_layernorm.weight", norms},
                       {"attn_q.weight", "self_attn.q_proj.weight", rotated},
                       {"attn_q.bias", "self_attn.q_proj.bias", rotated},
                       {"attn_k.weight", "self_attn.k_proj.weight", rotated},
                       {"attn_k.bias", "self_attn.k_proj.bias", rotated},
                       {"attn_v.weight", "self_attn.v_proj.weight"},
                       {"attn_v.bias", "self_attn.v_proj.bias"},
                       {"attn_output.weight", "self_attn.o_proj.weight"},
                       {"attn_output.bias", "self_attn.o_proj.bias"},
                       {"ffn_norm.weight", "post_attention_layernorm.weight", norms},
                       {"ffn_gate.weight", "mlp.gate_proj.weight"},
                       {"ffn_gate.bias", "mlp.gate_proj.bias"},
                       {"ffn_up.weight", "mlp.up_proj.weight"},
                       {"ffn_up.bias", "mlp.up_proj.bias"},
                       {"ffn_down.weight", "mlp.down_proj.weight"},
                       {"ffn_down.bias", "mlp.down_proj.bias"}}};
}

NamedFamily qwen3_family() {
  NamedFamily family = llama_family("qwen3");
  family.of_layer.push_back({"attn_q_norm.weight", "self_attn.q_norm.weight"});
  family.of_layer.push_back({"attn_k_norm.weight", "self_attn.k_norm.weight"});
  return family;
}

NamedFamily phi3_family() {
  NamedFamily family = llama_family("phi3");
  family.of_layer = {{"attn_norm.weight", "input_layernorm.weight"},
                     {"attn_qkv.weight", "self_attn.qkv_proj.weight"},
                     {"attn_output.weight", "self_attn.o_proj.weight"},
                     {"ffn_norm.weight", "post_attention_layernorm.weight"},
                     {"ffn_up.weight", "mlp.gate_up_proj.weight"},
                     {"ffn_down.weight", "mlp.down_proj.weight"}};
  return family;
}

NamedFamily gpt2_family() {
  constexpr StoredForm kTurned = StoredForm::transposed;
  return {.architecture = "gpt2",
          .layer = "transformer.h.",
          .tensors = {{"token_embd.weight", "transformer.wte.weight"},
                      {"position_embd.weight", "transformer.wpe.weight"},
                      {"output_norm.weight", "transformer.ln_f.weight"},
                      {"output_norm.bias", "transformer.ln_f.bias"},
                      {"output.weight", "lm_head.weight"}},
          .of_layer = {{"attn_norm.weight", "ln_1.weight"},
                       {"attn_norm.bias", "ln_1.bias"},
                       {"attn_qkv.weight", "attn.c_attn.weight", kTurned},
                       {"attn_qkv.bias", "attn.c_attn.bias"},
                       {"attn_output.weight", "attn.c_proj.weight", kTurned},
                       {"attn_output.bias", "attn.c_proj.bias"},
                       {"ffn_norm.weight", "ln_2.weight"},
                       {"ffn_norm.bias", "ln_2.bias"},
                       {"ffn_up.weight", "mlp.c_fc.weight", kTurned},
                       {"ffn_up.bias", "mlp.c_fc.bias"},
                       {"ffn_down.weight", "mlp.c_proj.weight", kTurned},
                       {"ffn_down.bias", "mlp.c_proj.bias"}}};
}

const std::vector<NamedFamily>& families() {
  static const std::vector<NamedFamily> all = {llama_family("gemma", kPlain, StoredForm::plus_one),
                                               gpt2_family(),
                                               llama_family("llama", StoredForm::rotary_pairs),
                                               phi3_family(),
                                               llama_family("qwen2"),
                                               qwen3_family()};
  return all;
}

// Tensors that belong to the config.
bool is_factor(const std::string& name) {
  return name == "rope_freqs.weight" || name == "rope_factors_short.weight" ||
         name == "rope_factors_long.weight";
}

const NamedFamily& find_family(const std::string& architecture, const std::string& label) {
  std::string supported;
  for (const NamedFamily& family : families()) {
    if (family.architecture == architecture) {
      return family;
    }
    supported += (supported.empty() ? "" : ", ") + std::string(family.architecture);
  }
  throw Error(ErrorKind::input, label + ": \"general.architecture\": " + in_quotes(architecture) +
                                    " is not supported in a GGUF file; supported: " + supported);
}

const TensorName* find_row(const std::vector<TensorName>& rows, std::string_view there) {
  const auto at = std::find_if(rows.begin(), rows.end(),
                               [&](const TensorName& row) { return row.there == there; });
  return at == rows.end() ? nullptr : &*at;
}

// Gives a tensor the reference library's name, and its form.
//
// Returns  false: the family has none of this name
bool rename(const NamedFamily& family, StoredTensor& tensor) {
  const std::string there = tensor.name;
  const TensorName* row = find_row(family.tensors, there);
  if (row != nullptr) {
    tensor.name = row->here;
  } else if (there.starts_with("blk.")) {
    const std::size_t dot = there.find('.', 4);
    const std::string number = there.substr(4, dot == std::string::npos ? 0 : dot - 4);
    const bool digits = !number.empty() && number.size() <= 4 &&
                        number.find_first_not_of("0123456789") == std::string::npos &&
                        (number == "0" || number.front() != '0');
    row = digits ? find_row(family.of_layer, std::string_view(there).substr(dot + 1)) : nullptr;
    if (row != nullptr) {
      tensor.name = std::string(family.layer) + number + "." + std::string(row->here);
    }
  }
  tensor.form = row == nullptr ? kPlain : row->form;
  return row != nullptr;
}

// What the file would call every tensor, for messages.
std::unordered_map<std::string, std::string> names_of(const NamedFamily& family,
                                                      std::int64_t layers) {
  std::unordered_map<std::string, std::string> names;
  for (const TensorName& row : family.tensors) {
    names.emplace(row.here, row.there);
  }
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::string number = std::to_string(layer) + ".";
    for (const TensorName& row : family.of_layer) {
      names.emplace(std::string(family.layer) + number + std::string(row.here),
                    "blk." + number + std::string(row.there));
    }
  }
  return names;
}

// What all parts hold, with the metadata of the first. Where their bytes lie is of no meaning.
GgufHeader all_tensors(const std::vector<GgufFile>& parts) {
  GgufHeader all = parts.front().header;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::vector<StoredTensor>& more = parts[i].header.weights.tensors;
    all.weights.tensors.insert(all.weights.tensors.end(), more.begin(), more.end());
  }
  return all;
}

std::vector<double> read_factors(const std::vector<GgufFile>& parts, const StoredTensor& tensor) {
  const auto holds = [&](const GgufFile& part) {
    const std::vector<StoredTensor>& all = part.header.weights.tensors;
    return std::any_of(all.begin(), all.end(), [&](const StoredTensor& each) {
      return each.name == tensor.name && each.begin == tensor.begin;
    });
  };
  const GgufFile& part = *std::find_if(parts.begin(), parts.end(), holds);
  if (tensor.dtype != "F32" || tensor.shape.size() != 1 || tensor.shape.front() > kMaxHeadDim) {
    throw Error(ErrorKind::input, part.file->label() + ": tensor " + in_quotes(tensor.name) +
                                      ": expected a short list of factors in F32");
  }
  std::vector<float> values(static_cast<std::size_t>(tensor.shape.front()));
  part.file->peek(part.header.weights.data_start + tensor.begin, values.data(),
                  values.size() * sizeof(float));
  return {values.begin(), values.end()};
}

// Gives all tensors of a file the reference library's names, and leaves out what the config has.
void rename_all(const NamedFamily& family, const CheckpointFile& file, WeightsHeader& weights) {
  std::erase_if(weights.tensors, [](const StoredTensor& each) { return is_factor(each.name); });
  for (StoredTensor& tensor : weights.tensors) {
    const std::string there = tensor.name;
    if (!rename(family, tensor)) {
      throw Error(ErrorKind::input, file.label() + ": tensor " + in_quotes(there) +
                                        ": unexpected: architecture " +
                                        std::string(family.architecture) + " has no place for it");
    }
  }
}

// Where generation stops: at the end of a text, of a turn, of a message.
std::vector<std::int64_t> read_eos_ids(const ModelConfig& keys) {
  std::vector<std::int64_t> ids;
  for (const char* name : {"eos", "eot", "eom"}) {
    const auto id = keys.maybe_integer("tokenizer.ggml." + std::string(name) + "_token_id", 0,
                                       INT64_C(0xFFFFFFFF));
    if (id && std::find(ids.begin(), ids.end(), *id) == ids.end()) {
      ids.push_back(*id);
    }
  }
  return ids;
}

}  // namespace

std::vector<std::string> supported_gguf_architectures() {
  std::vector<std::string> names;
  for (const NamedFamily& family : families()) {
    names.emplace_back(family.architecture);
  }
  return names;
}

Checkpoint open_gguf_checkpoint(const fs::path& path) {
  std::vector<GgufFile> parts;
  parts.push_back(open_gguf(path));
  for (GgufFile& further : open_further_parts(path, parts.front())) {
    parts.push_back(std::move(further));
  }
  const std::string label = parts.front().file->label();
  const ModelConfig keys(parts.front().header.metadata, label);
  const NamedFamily& family = find_family(keys.text("general.architecture", ""), label);
  Checkpoint checkpoint{.label = label,
                        .config = gguf_config(all_tensors(parts), label,
                                              [&](const StoredTensor& tensor) {
                                                return read_factors(parts, tensor);
                                              }),
                        .eos_ids = read_eos_ids(keys),
                        .shards = {},
                        .files = {},
                        .notes = {},
                        .names = {},
                        .tensors = {}};
  checkpoint.names = names_of(
      family, keys.integer(std::string(family.architecture) + ".block_count", 1, kMaxLayers, 0));
  for (GgufFile& part : parts) {
    rename_all(family, *part.file, part.header.weights);
    checkpoint.shards.push_back(
        {.file = std::move(part.file), .header = std::move(part.header.weights)});
  }
  for (const Shard& shard : checkpoint.shards) {
    for (const StoredTensor& tensor : shard.header.tensors) {
      if (!checkpoint.tensors.emplace(tensor.name, &tensor).second) {
        const auto there = checkpoint.names.find(tensor.name);
        throw Error(ErrorKind::input,
                    shard.file->label() + ": tensor " +
                        in_quotes(there == checkpoint.names.end() ? tensor.name : there->second) +
                        ": in another part too");
      }
    }
  }
  return checkpoint;
}

}  // namespace souvenir
