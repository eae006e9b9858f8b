#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace souvenir {

// What decides between dtypes and how many threads: facts of this machine, from the kernel and the
// processor. No libtorch here.

struct CpuFeatures {
  std::string name;    // as the processor calls itself
  std::string vendor;  // e.g. AuthenticAMD
  bool avx2 = false, avx512f = false, avx512_bf16 = false, amx_bf16 = false;
};

// Reads the features this process can use (the operating system saves their registers).
CpuFeatures read_cpu_features();

// Returns how many CPUs' worth of time the control groups allow, if they limit it: the least of the
// process's group and its parents, version 1 or 2.
//
//   root  where proc and sys/fs/cgroup are; "/" outside tests
std::optional<double> cgroup_cpus(const std::filesystem::path& root);

// How many threads, and which limit decided.
struct ThreadChoice {
  int threads = 1;
  int online = 1;    // CPUs of the machine
  int affinity = 1;  // of them, those this process may run on
  std::optional<double> quota;
  std::string reason;
};
ThreadChoice choose_threads(const std::filesystem::path& root = "/");

}  // namespace souvenir
