#pragma once

#include "harness/backend/decoder.h"

namespace souvenir {

// Compares the weights with what the spec says they are.
//
// Errors  internal: a spec that contradicts itself; a tensor that is missing, surplus, or of
// another
//         shape, dtype or device
void check_weights(const DecoderSpec& spec, const DecoderWeights& weights);

}  // namespace souvenir
