#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/backend/adapter_config.h"
#include "harness/backend/architectures.h"
#include "harness/backend/aten.h"
#include "harness/backend/checkpoint.h"
#include "harness/language_model.h"
#include "harness/types.h"

namespace souvenir {

// What a LoRA adapter does to one weight W, [out, in]: it becomes V = W + scale * b a, or with a
// magnitude, magnitude[i] * V[i] / |V[i]| for every row i, by the Euclidean norm; of an embedding,
// for every column.
//
// Of a bias, it becomes W + scale * b.
//
//   tensor     the weight's name in the base model, as PEFT spells it
//   a, b       float32, [rank, in] and [out, rank]; of a bias, none and [out]
//   magnitude  float32, [out], of an embedding [in]; undefined: none
struct AdapterChange {
  std::string tensor;
  double scale = 1.0;
  at::Tensor a;
  at::Tensor b;
  at::Tensor magnitude;
  bool embedding = false;
};

// A tensor that takes the place of one of the base model's, before the changes.
//
//   tensor     as above
//   of_module  it belongs to a module that is replaced whole (modules_to_save), and from then on
//              shares its weight with none; else PEFT copies it into the base model's own tensor,
//              which a tied head and embedding have in common
struct AdapterTensor {
  std::string tensor;
  StoredTensor stored;
  bool of_module = false;
};

// Rows of an embedding that take the place of the base model's, in it and in a head that shares its
// weight.
//
//   tensor  as above
//   tokens  [rows] whose they are
//   rows    float32, [rows, width]
struct AdapterRows {
  std::string tensor;
  std::vector<std::int64_t> tokens;
  at::Tensor rows;
};

// A LoRA adapter: its factors read whole; its tensors checked, and read again where they go.
struct Adapter {
  std::string label;
  AdapterInfo info;
  AdapterConfig config;
  std::vector<AdapterChange> changes;  // sorted by tensor
  std::vector<AdapterTensor> tensors;
  std::vector<AdapterRows> rows;
  std::shared_ptr<const Shard> shard;
};

// Reads a directory that PEFT wrote: adapter_config.json and adapter_model.safetensors, or where
// there is none, adapter_model.bin. Executes nothing from it. Its tensors, without the
// "base_model.model." in front, for a MODULE of the base model:
//
//   MODULE.lora_A.weight [rank, in], MODULE.lora_B.weight [out, rank]
//              the module computes W x + scale * B (A x), scale = alpha / rank (or its root)
//   MODULE.lora_magnitude_vector [out], with or without .weight behind it
//              with use_dora: the module computes m / n * (W x + scale * B (A x)), row by row, m
//              being this vector and n the Euclidean norms of the rows of W + scale * B A
//   MODULE.lora_embedding_A [rank, tokens], MODULE.lora_embedding_B [width, rank]
//              of an embedding W, [tokens, width]: token t becomes W[t] + scale * (B A)^T[t], times
//              what the model multiplies its embeddings by. lora_magnitude_vector is [width] there,
//              and goes with the norms of the columns
//   MODULE.lora_B.bias [out]
//              with lora_bias: B (A x) has this added to it, before it is scaled
//   MODULE.weight, MODULE.bias
//              taken instead of the base model's: of modules in modules_to_save, of biases that
//              were trained (bias: all, lora_only), or of embeddings that were saved with the
//              adapter. What counts is what the file holds, not what bias says
//   MODULE.base_layer.weight, MODULE.base_layer.bias
//              the same where the module has factors too, which are added to it
//   MODULE.original_module.weight, MODULE.original_module.bias
//              what a replaced module had been, saved where the vocabulary was resized: it counts
//              where another module is tied to it
//   MODULE.token_adapter.trainable_tokens_delta [rows, width]
//              of an embedding or a head: the rows of the tokens in trainable_token_indices; where
//              the vocabulary was resized, MODULE.token_adapter.base_layer.weight is its
//              MODULE.weight
//   MODULE.modules_to_save.weight, MODULE.modules_to_save.bias
//              again what MODULE.weight and MODULE.bias are; not taken
//
// Whatever would change the numbers otherwise (other kinds of adapters, factors of parameters that
// are no module's weight, an initialisation that changes the base) is refused by name.
//
// Errors  input: not an adapter, a damaged file, an option that is not supported, a factor without
//         its partner or of a shape that does not fit it
// Source  Hu et al. (2021), LoRA; Liu et al. (2024), DoRA; names and scales as PEFT 0.21 reads them
Adapter read_adapter(const std::filesystem::path& directory);

// Says whether an adapter changes the token embedding without the head, or the head without the
// token embedding, or each in its own way: where the base has one weight for both, PEFT computes
// with two.
bool changes_apart(const Adapter& adapter, const Blueprint& blueprint);

// Compares what an adapter says that it replaces with what it holds.
//
// Errors  input: a weight of a module in modules_to_save that the adapter's file does not have
void check_saved_modules(const Adapter& adapter, const Blueprint& blueprint);

struct Match;

// Makes room for a vocabulary of another size, where an adapter brings everything that has a row
// for each token: PEFT is then given the base model with its embeddings resized, of which nothing
// is left. Otherwise it changes nothing, and merge_adapter refuses the shapes.
void resize_vocabulary(const Adapter& adapter, Blueprint& blueprint, Match& match);

// What an adapter is merged into.
//
//   plans     the base's tensors
//   place_of  where a plan's weight is, in the reference library's order
//   wanted    which weights are changed, of those that the adapter names
//   part      gives head and embedding a weight each, where they have one
struct MergeBase {
  const Blueprint& blueprint;
  std::span<const TensorPlan> plans;
  std::function<at::Tensor(const TensorPlan&)> place_of;
  std::function<bool(const TensorPlan&)> wanted;
  std::function<void()> part;
};

// Puts an adapter's tensors in their places, and adds every change to its weight, in float32,
// rounded once to the weight's own dtype: what PEFT computes with the adapter beside the base
// model. (Where head and embedding are tied, its merge_and_unload adds the changes of both to one
// weight, which is another model.)
//
// Errors  input: a weight that the base model does not have, or of another shape; a sum that is not
//         finite; a file that changed
void merge_adapter(const Adapter& adapter, const MergeBase& base);

}  // namespace souvenir
