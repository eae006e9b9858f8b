#pragma once

#include <cstdint>
#include <vector>

#include "harness/backend/decoder.h"

namespace souvenir {

// Computes the slopes of the biases of `heads` heads, in float32 as the reference does: powers of
// one base for as many heads as the largest power of two, and every other power of its square root
// for the rest.
//
// Returns  [heads], above 0
// Source   Press, Smith and Lewis (2022)
std::vector<float> alibi_slopes(std::int64_t heads);

// Computes what is added to attention scores, by head and position of the key.
//
//   positions  how many
//
// Returns  [heads, positions] float32, on the CPU
at::Tensor alibi_bias(const Alibi& alibi, std::int64_t positions);

}  // namespace souvenir
