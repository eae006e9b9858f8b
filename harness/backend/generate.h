#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/backend/head.h"
#include "harness/backend/transformer.h"
#include "harness/language_model.h"

namespace souvenir {

// Continues prompts token by token with a key/value cache.
//
// Rows (a request and a sample) go in groups, in the order asked, bounded by a number of rows and
// the memory of their cache; a request's samples in one group share its prefill. A row that has
// stopped is left out of the steps that follow. Greedy samples are all alike and computed once.
//
//   cache_bytes  what the keys and values of a group may take; those of a single row may take more
//   results      [requests] those with a refusal are skipped; refuses those that meet logits that
//   are
//                NaN or infinite
//
// Random  Rng(options.seed, "generate", {request.stream, sample, step})
void continue_prompts(const Transformer& transformer, const Head& head,
                      std::span<const GenerateRequest> requests, const GenerateOptions& options,
                      std::int64_t cache_bytes, std::vector<GenerateResult>& results);

}  // namespace souvenir
