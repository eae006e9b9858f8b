#include "harness/backend/kernels/kernels.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

// Functions defined between the two carry the instruction set, from their first statement on: a
// vector type is split into what the target has before anything is inlined, so an attribute on the
// caller would come too late.
#if defined(__clang__)
#define KERNEL_BEGIN_TARGET(features) \
  KERNEL_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define KERNEL_END_TARGET KERNEL_PRAGMA(clang attribute pop)
#define KERNEL_UNROLL KERNEL_PRAGMA(clang loop unroll(full))
#pragma clang diagnostic ignored "-Wpsabi"
#else
#define KERNEL_BEGIN_TARGET(features) \
  KERNEL_PRAGMA(GCC push_options) KERNEL_PRAGMA(GCC target(features))
#define KERNEL_END_TARGET KERNEL_PRAGMA(GCC pop_options)
#define KERNEL_UNROLL KERNEL_PRAGMA(GCC unroll 16)
#pragma GCC diagnostic ignored "-Wpsabi"  // no vector crosses a function that is not inlined
#endif
#define KERNEL_PRAGMA(text) _Pragma(#text)

namespace souvenir::kernels {

#define KERNEL_TABLE(text)                                       \
  inline constexpr Table kTable = {text,                         \
                                   norm_row<float, float>,       \
                                   norm_row<Bfloat16, Bfloat16>, \
                                   norm_row<Bfloat16, float>,    \
                                   rotate_row<float>,            \
                                   rotate_row<Bfloat16>,         \
                                   activate,                     \
                                   multiply,                     \
                                   fill_panel<float>,            \
                                   fill_panel<Bfloat16>,         \
                                   attend<float>,                \
                                   attend<Bfloat16>,             \
                                   tile,                         \
                                   row_maximum};

#if defined(__x86_64__)
#define KERNEL_LANES 16
#define KERNEL_TILE_VECTORS 4
KERNEL_BEGIN_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
namespace avx512 {
#include "harness/backend/kernels/body.inc"
KERNEL_TABLE("avx512")
}  // namespace avx512
KERNEL_END_TARGET
#undef KERNEL_LANES
#undef KERNEL_TILE_VECTORS

#define KERNEL_LANES 8
#define KERNEL_TILE_VECTORS 2
KERNEL_BEGIN_TARGET("avx2,fma")
namespace avx2 {
#include "harness/backend/kernels/body.inc"
KERNEL_TABLE("avx2")
}  // namespace avx2
KERNEL_END_TARGET
#undef KERNEL_LANES
#undef KERNEL_TILE_VECTORS
#endif

#define KERNEL_LANES 4
#define KERNEL_TILE_VECTORS 2
namespace portable {
#include "harness/backend/kernels/body.inc"
KERNEL_TABLE("portable")
}  // namespace portable

std::span<const Table* const> available() {
  static const std::vector<const Table*> tables = [] {
    std::vector<const Table*> found;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
      found.push_back(&avx512::kTable);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
      found.push_back(&avx2::kTable);
#endif
    found.push_back(&portable::kTable);
    return found;
  }();
  return tables;
}

}  // namespace souvenir::kernels
