#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/backend/config.h"
#include "harness/backend/decoder.h"

namespace souvenir {

// The parameters of one rotary embedding, as a config gives them. Absent where it gives none.
struct RopeParameters {
  std::string type = "default";
  double theta = 10000.0;
  double partial = 1.0;  // share of each head's dimensions that is rotated
  std::optional<double> factor;
  std::optional<double> original_positions;
  std::optional<double> low_freq_factor, high_freq_factor;         // llama3
  std::optional<double> attention_factor, mscale, mscale_all_dim;  // yarn
  std::vector<double> short_factors, long_factors;                 // longrope
  double beta_fast = 32.0, beta_slow = 1.0;
  bool truncate = true;
};

// Where an architecture's config says what, beside the common form.
//
//   theta_key, theta      the old top-level name and its default
//   original              the default of original_max_position_embeddings outside the object
//   partial_key, partial  the same for the rotated share; empty: the architecture rotates all of
//                         every head, and a config that says otherwise is refused
struct RopeNames {
  std::string theta_key = "rope_theta";
  double theta = 10000.0;
  std::string partial_key = {};
  double partial = 1.0;
  std::optional<double> original = {};
};

// The kinds of rope_type that are supported.
std::vector<std::string> supported_rope_types();

// Reads the one rotary embedding of a model: rope_scaling beside a top-level theta (transformers
// 4), or rope_parameters (transformers 5). rope_scaling wins where both stand, as there.
//
// Errors  input: an unsupported rope_type, a parameter it needs missing or out of range
RopeParameters read_rope(const ModelConfig& config, const RopeNames& names);

// Reads parameters from an object that holds them itself.
//
//   theta, partial  where the object says nothing
RopeParameters read_rope_object(const ModelConfig& object, double theta, double partial);

// Computes the inverse frequencies of the first `partial` of `head_dim` dimensions, operation by
// operation in the precision of the reference library: equal to the last bit on the same libtorch.
//
//   max_positions  the model's longest context, for parameters that default to it
//
// Returns  [ceil(dimensions / 2)]; empty if none is rotated
// Errors   input: parameters that contradict each other
// Source   linear: kaiokendev (2023); yarn: Peng et al. (2023); llama3: Llama 3.1; longrope: Ding
// et
//          al. (2024)
Rope make_rope(const RopeParameters& parameters, std::int64_t head_dim, std::int64_t max_positions);

}  // namespace souvenir
