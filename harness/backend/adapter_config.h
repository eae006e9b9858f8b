#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "harness/backend/config.h"

namespace souvenir {

// What adapter_config.json says of scales.
//
//   alphas  by the end of a module's name, where they differ from alpha
struct AdapterConfig {
  std::int64_t rank = 8;
  double alpha = 8.0;
  bool rank_stabilised = false;
  std::map<std::string, double> alphas;

  // Returns what the product of a module's factors is multiplied by.
  //
  // Errors  input: several alphas for one module. PEFT takes the one that stands first in the file,
  //         and its own files are sorted by name, whatever stood first when it was trained.
  double scale(const std::string& module, std::int64_t rank_of_module) const;
};

// Reads the settings of a LoRA adapter, and refuses those that mean something else than low-rank
// products added to weights.
//
// Errors  input
AdapterConfig read_adapter_config(const ModelConfig& config);

}  // namespace souvenir
