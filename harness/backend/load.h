#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/language_model.h"

namespace souvenir {

// How a model is run.
//
//   device   auto | cpu | cuda:N
//   dtype    auto | float32 | bfloat16 | float16
//   threads  0: the CPUs this process may use (affinity and cgroup quota)
//   memory_bytes  what this process may hold; a model that needs more is read layer by layer for
//                 every pass, and only scores; 0: what is free on this machine. On the CPU only
//   adapter  directory of a LoRA adapter to merge into the weights; empty: none
struct LoadOptions {
  std::string device = "auto";
  std::string dtype = "auto";
  int threads = 0;
  std::int64_t memory_bytes = 0;
  std::string adapter = {};
};

// Loads a Hugging Face directory (config.json and safetensors, single or sharded) or a GGUF file.
// Executes nothing from it.
//
// Errors  input: not a checkpoint, unknown model_type, dtype, rope_type or quantisation, missing or
//         surplus or misshapen tensors, a damaged file; each by name, with what was expected
//         usage: a device or dtype that does not exist here
//         resource: memory, also where `memory_bytes` does not hold two layers
std::unique_ptr<LanguageModel> load_language_model(const std::filesystem::path& model,
                                                   const LoadOptions& options);

// Returns the model_type values that load_language_model takes, sorted.
std::vector<std::string> supported_architectures();

// Returns the values of general.architecture that it takes of a GGUF file, sorted, and the types of
// tensors of each kind of file, for a listing.
std::vector<std::string> supported_gguf_architectures();
std::string supported_safetensors_types();
std::string supported_gguf_types();

}  // namespace souvenir
