#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/backend/trainer.h"

namespace souvenir {

// A file of a checkpoint directory, by its name in there.
struct CheckpointBytes {
  std::string name;
  std::string bytes;
};

// Returns a safetensors file with float32 weights, in the order given.
std::string write_safetensors(std::span<const NamedWeight> weights);

// Returns config.json, generation_config.json and model.safetensors of an ordinary Hugging Face
// directory, which transformers loads as LlamaForCausalLM. Pure.
//
//   bos_id, eos_id  of the tokenizer that goes with it
std::vector<CheckpointBytes> checkpoint_files(const TrainedLlama& model, TokenId bos_id,
                                              TokenId eos_id);

}  // namespace souvenir
