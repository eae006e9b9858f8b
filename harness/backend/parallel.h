#pragma once

#include <atomic>
#include <cstdint>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "harness/backend/aten.h"

namespace souvenir {

// Runs worker(next) on every thread; each worker asks next() for items until it returns `items`.
// Handed out one by one: items of a batch differ in size, and equal shares would leave threads
// idle. Which thread takes which item must not matter to the result.
template <typename Worker>
void for_each_item(std::int64_t items, const Worker& worker) {
  std::atomic<std::int64_t> counter{0};
  const auto next = [&] { return std::min(counter.fetch_add(1), items); };
  const std::int64_t threads = std::min<std::int64_t>(at::get_num_threads(), items);
  at::parallel_for(0, threads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) worker(next);
  });
}

// Keeps what this thread does from now on to itself: libtorch's loops do not wake others for it.
inline void stay_on_one_thread() {
  at::get_num_threads();  // what libtorch sets at a thread's first call must not come later
#ifdef _OPENMP
  omp_set_num_threads(1);
#endif
}

}  // namespace souvenir
