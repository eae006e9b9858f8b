#pragma once

#include <optional>

#include "harness/backend/aten.h"
#include "harness/backend/decoder.h"
#include "harness/backend/kernels/kernels.h"
#include "harness/backend/paths.h"

namespace souvenir {

// Applies an activation to every element, in place where possible, and returns it.
at::Tensor apply_activation(at::Tensor x, Activation activation, RowPath path = RowPath::automatic);

// Returns the gate that an activation is, or nothing if it is none.
std::optional<kernels::Gate> gate_of(Activation activation);

}  // namespace souvenir
