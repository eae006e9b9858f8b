#include "harness/backend/memory.h"

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace souvenir {

void keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr int kLargestBlock = 64 << 20, kKept = 256 << 20;
  mallopt(M_TRIM_THRESHOLD, kKept);
  // Some versions take at most 32 MB here.
  if (mallopt(M_MMAP_THRESHOLD, kLargestBlock) == 0) mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
}

void give_back_freed_memory() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace souvenir
