#pragma once

#include <string>

#include "harness/backend/aten.h"

namespace souvenir {

// What `auto` decided, and why, in a sentence.
struct DtypeChoice {
  at::ScalarType dtype;
  std::string reason;
};

// Resolves auto | cpu | cuda | cuda:N.
//
// Errors  usage: no such device here (names what there is)
at::Device resolve_device(const std::string& name);

// Resolves auto | float32 | bfloat16 | float16 for a checkpoint stored in `stored`. `auto` never
// rounds weights that are stored in float32; a checkpoint stored in 16 bits is computed in bfloat16
// where this CPU has instructions that make it faster (AMX, or AVX-512 BF16 on AMD), else in
// float32. Decided by features, never by a timing, so that the same machine type always agrees.
//
// Errors  usage: no such dtype, or one this device does not compute in
DtypeChoice resolve_dtype(const std::string& name, at::ScalarType stored, at::Device device);

// Counts the CPUs this process may use: affinity mask and cgroup quota (v1 and v2), at least 1.
int usable_threads();

}  // namespace souvenir
