#include "harness/backend/memory_plan.h"

#include <algorithm>
#include <map>
#include <string>

#include "harness/backend/attention.h"
#include "harness/backend/head.h"
#include "harness/backend/load_weights.h"
#include "harness/backend/slots.h"
#include "harness/error.h"

namespace souvenir {
namespace {

constexpr std::int64_t kBatchTokens = 2048;  // the usual --token-budget
constexpr std::int64_t kMostTokens = 131072;
constexpr std::int64_t kSpare = 48 * kMiB;  // the answers, the journal, the allocator's leftovers

}  // namespace

MemoryNeeds memory_needs(const DecoderSpec& spec, std::span<const TensorPlan> tensors,
                         at::ScalarType compute_dtype) {
  const auto item = static_cast<std::int64_t>(c10::elementSize(compute_dtype));
  MemoryNeeds needs;
  std::map<std::int64_t, std::int64_t> layers;
  for (const TensorPlan& plan : tensors) {
    const std::int64_t bytes = elements_of(spec, plan) * (is_norm(plan.slot) ? 4 : item);
    (is_in_layer(plan.slot) ? layers[plan.layer] : needs.outside) += bytes;
  }
  for (const auto& [layer, bytes] : layers) {
    needs.layers += bytes;
    needs.layer = std::max(needs.layer, bytes);
  }
  const std::int64_t width = spec.embedding > 0 ? spec.embedding : spec.hidden;
  const std::int64_t head = spec.vocabulary * width * 4;
  needs.outside += head <= Head::kPackedBytes ? head : 0;
  const std::int64_t qkv = (spec.heads + 2 * spec.key_value_heads) * spec.head_dim;
  // Residual stream and delta, the last layer's output, and a rope table for every kind of layer.
  needs.per_token = spec.hidden * (4 + item) +
                    static_cast<std::int64_t>(spec.ropes.size()) * spec.rotary_dim * 4 + 64;
  needs.work = kBatchTokens * (2 * qkv * item + 6 * spec.hidden * 4) +
               2 * std::min(kBatchTokens * spec.intermediate * item, 16 * kMiB) +
               2 * Head::kRows * Head::kTile * 4 + Head::kRowBytes;
  return needs;
}

LayerReading plan_memory(const MemoryNeeds& needs, std::int64_t budget, std::int64_t resident) {
  const std::int64_t fixed = resident + needs.outside + needs.work + kSpare;
  LayerReading reading{.pass_tokens = 0, .memory_bytes = budget};
  // The largest layer twice: while it is packed, it is there in both forms. What generating takes
  // later is counted where it grows with the model.
  const std::int64_t in_memory = needs.layers + needs.layer + kBatchTokens * needs.per_token +
                                 KeyValueCache::room_beside(needs.outside + needs.layers) -
                                 KeyValueCache::room_beside(0);
  if (fixed + in_memory <= budget) return reading;
  const std::int64_t left = budget - fixed - 3 * needs.layer;
  reading.pass_tokens = std::min(left / needs.per_token, kMostTokens);
  if (reading.pass_tokens < kBatchTokens) {
    const std::int64_t least = fixed + 3 * needs.layer + kBatchTokens * needs.per_token;
    throw Error(ErrorKind::resource, "memory: expected at least " +
                                         std::to_string(least / kMiB + 1) +
                                         " MiB to run this model layer by layer, found " +
                                         std::to_string(budget / kMiB) + " MiB");
  }
  return reading;
}

}  // namespace souvenir
