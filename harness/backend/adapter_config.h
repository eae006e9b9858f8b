#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/config.h"

namespace souvenir {

// What adapter_config.json says of scales, and of what is replaced.
//
//   dora             weights are brought to a length of their own, row by row
//   factor_biases    what factors compute has a bias of its own (lora_bias)
//   alphas           by the end of a module's name, where they differ from alpha
//   modules_to_save  ends of the names of modules that are replaced whole
//   token_rows       tokens whose rows of an embedding were trained, by the end of its module's
//                    name; by "" those of the token embedding
struct AdapterConfig {
  std::int64_t rank = 8;
  double alpha = 8.0;
  bool rank_stabilised = false;
  bool dora = false;
  bool factor_biases = false;
  std::map<std::string, double> alphas;
  std::vector<std::string> modules_to_save;
  std::map<std::string, std::vector<std::int64_t>> token_rows;

  // Returns what the product of a module's factors is multiplied by.
  //
  // Errors  input: several alphas for one module. PEFT takes the one that stands first in the file,
  //         and its own files are sorted by name, whatever stood first when it was trained.
  double scale(const std::string& module, std::int64_t rank_of_module) const;

  // Says whether a tensor is of a module that is replaced, or of one inside it. As in PEFT, "norm"
  // means every module whose name ends so, input_layernorm too.
  bool saves(std::string_view tensor) const;
};

// Reads the settings of a LoRA or DoRA adapter, and refuses those that mean something else than
// low-rank products added to weights, lengths of their rows, and weights or their rows replaced.
//
// Errors  input
AdapterConfig read_adapter_config(const ModelConfig& config);

}  // namespace souvenir
