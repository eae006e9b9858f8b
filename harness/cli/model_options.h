#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "harness/backend/load.h"

namespace souvenir::cli {

// The flags every verb that runs a model takes.
struct ModelOptions {
  std::string model;
  LoadOptions load;
  std::int64_t token_budget = 2048;
  std::string progress = "auto";
};

void add_model_options(CLI::App& verb, ModelOptions& options);

// Loads a model, and says on standard error if it is read layer by layer.
//
// Errors  as load_language_model
std::unique_ptr<LanguageModel> load_model(const std::string& model, const LoadOptions& options);

// Adds the flags of a sampler: --temperature, --top-k, --top-p.
struct SamplingOptions {
  DecodingRule rule;
  bool given = false;
};

void add_sampling_options(CLI::App& verb, SamplingOptions& options);

}  // namespace souvenir::cli
