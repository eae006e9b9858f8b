#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/backend/architectures.h"
#include "harness/backend/aten.h"
#include "harness/language_model.h"
#include "harness/types.h"

namespace souvenir {

// What a LoRA adapter does to one weight: adds scale * b a.
//
//   tensor  the weight's name in the base model, as PEFT spells it
//   a, b    float32, [rank, in] and [out, rank]
struct AdapterChange {
  std::string tensor;
  double scale = 1.0;
  at::Tensor a;
  at::Tensor b;
};

// A LoRA adapter, read whole.
struct Adapter {
  std::string label;
  AdapterInfo info;
  std::vector<AdapterChange> changes;  // sorted by tensor
};

// Reads a directory that PEFT wrote: adapter_config.json and adapter_model.safetensors, or where
// there is none, adapter_model.bin. Executes nothing from it. Whatever would change the numbers
// otherwise than by low-rank products on weights (other kinds of adapters, DoRA, biases, whole
// modules, token embeddings, an initialisation that changes the base) is refused by name.
//
// Errors  input: not an adapter, a damaged file, an option that is not supported, a factor without
//         its partner or of a shape that does not fit it
// Source  Hu et al. (2021), LoRA; names and scales as PEFT 0.21 reads them
Adapter read_adapter(const std::filesystem::path& directory);

// Adds every change to its weight, in float32, rounded once to the weight's own dtype.
//
//   plans     the base's tensors
//   place_of  where a plan's weight is, in the order of the file
//   wanted    which weights are changed, of those that the adapter names
//
// Errors  input: a weight that the base model does not have, or of another shape, or that is the
//         token embedding too; a sum that is not finite
void merge_adapter(const Adapter& adapter, std::span<const TensorPlan> plans,
                   const std::function<at::Tensor(const TensorPlan&)>& place_of,
                   const std::function<bool(const TensorPlan&)>& wanted);

}  // namespace souvenir
