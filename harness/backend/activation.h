#pragma once

#include "harness/backend/aten.h"
#include "harness/backend/decoder.h"
#include "harness/backend/paths.h"

namespace souvenir {

// Applies an activation to every element, in place where possible, and returns it.
at::Tensor apply_activation(at::Tensor x, Activation activation, RowPath path = RowPath::automatic);

// Returns whether an activation within oneDNN's product is cheaper on this CPU than one behind it.
bool fuses_activations();

}  // namespace souvenir
