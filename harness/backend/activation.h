#pragma once

#include "harness/backend/aten.h"
#include "harness/backend/decoder.h"
#include "harness/backend/paths.h"

namespace souvenir {

// Applies an activation to every element, in place where possible, and returns it.
at::Tensor apply_activation(at::Tensor x, Activation activation, RowPath path = RowPath::automatic);

// Returns whether an activation is cheaper on this CPU within oneDNN's product than behind it. Only
// where there is a kernel for it can it be the latter: ATen's vary with an element's place in the
// last bits.
bool fuses(Activation activation, at::ScalarType dtype);

}  // namespace souvenir
