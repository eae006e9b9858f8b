#pragma once

#include <cstdint>
#include <filesystem>

namespace souvenir {

// What memory there is, in bytes, from the kernel. No libtorch here.
//
//   total      of the machine
//   available  of it, without swapping, as the kernel estimates it
//   free       of it, what the control groups let this process still take: files they keep in the
//              cache count as free
//   resident   what this process holds now
struct MemoryState {
  std::int64_t total = 0, available = 0, free = 0, resident = 0;
};

//   root  where proc and sys/fs/cgroup are; "/" outside tests
MemoryState read_memory(const std::filesystem::path& root = "/");

}  // namespace souvenir
