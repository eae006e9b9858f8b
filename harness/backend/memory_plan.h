#pragma once

#include <cstdint>
#include <span>

#include "harness/backend/architectures.h"
#include "harness/backend/aten.h"
#include "harness/language_model.h"

namespace souvenir {

// What running a decoder takes, in bytes: estimates, from its shape alone.
//
//   outside    weights that are no layer's, and the head's packed copy
//   layers     of all layers together
//   layer      of the largest
//   work       what one batch of usual size needs besides
//   per_token  what a token on its way through the layers holds
struct MemoryNeeds {
  std::int64_t outside = 0, layers = 0, layer = 0, work = 0, per_token = 0;
};

MemoryNeeds memory_needs(const DecoderSpec& spec, std::span<const TensorPlan> tensors,
                         at::ScalarType compute_dtype);

// Decides whether the layers stay in memory, and if not, how many tokens pass through them at a
// time: as many as the memory holds, at most 131,072, at least 2,048.
//
//   budget    what the process may hold, in bytes
//   resident  what it holds already
//
// Errs     towards reading layer by layer: what a batch needs is counted generously
// Errors   resource: not even two layers and a batch fit; says what would
LayerReading plan_memory(const MemoryNeeds& needs, std::int64_t budget, std::int64_t resident);

}  // namespace souvenir
