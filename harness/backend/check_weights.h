#pragma once

#include "harness/backend/decoder.h"

namespace souvenir {

enum class LayersChecked { yes, no };

// Compares the weights with what the spec says they are.
//
//   layers  no: they are not there yet
//
// Errors  internal: a spec that contradicts itself; a tensor that is missing, surplus, or of
//         another shape, dtype or device
void check_weights(const DecoderSpec& spec, const DecoderWeights& weights,
                   LayersChecked layers = LayersChecked::yes);

}  // namespace souvenir
