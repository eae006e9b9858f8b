#pragma once

#include "harness/backend/architectures.h"

namespace souvenir {

// Brings rows of query, key and value, loaded in the order of the checkpoint, into the decoder's:
// all of query, then key, then value, and dimensions that are rotated together half the rotated
// part of a head apart. Norms on queries and keys follow.
//
// Exact  rows are moved, not changed
void reorder_rows(const Blueprint& blueprint, DecoderWeights& weights);

}  // namespace souvenir
