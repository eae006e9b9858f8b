#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace souvenir {

// What this machine and its libtorch can do, for `souvenir doctor`. No libtorch in this header.

struct CpuCache {
  int level = 0;
  std::string kind;  // data, instruction or unified
  std::int64_t bytes = 0;
};

// A measured product of matrices, 2048 x 768 by 768 x 3072, on the path the model takes.
//
//   gflops   10^9 operations a second, the best of a few runs; 0 if the product is refused
//   packed   whether the weight was packed for its kernel, ours or oneDNN's
//   widened  whether the product was computed in float32, for want of instructions
struct GemmRate {
  std::string dtype;
  double gflops = 0;
  bool packed = false;
  bool widened = false;
};

// What `--dtype auto` takes on this machine for a checkpoint stored so.
struct AutoDtype {
  std::string stored;  // "float32" or "16 bits"
  std::string dtype;
  std::string reason;
};

//   features      of those that matter here: avx2, avx512f, avx512_bf16, amx_bf16
//   devices       what --device accepts here: cpu, cuda:0, ...
//   blas, onednn  lines of libtorch's own description
//   kernels       the instruction set this program's own loops use
struct MachineReport {
  std::string cpu_name;
  std::vector<std::string> features;
  std::vector<CpuCache> caches;
  std::int64_t memory_bytes = 0, available_bytes = 0;
  std::string libtorch_version;
  bool libtorch_cuda = false;
  std::vector<std::string> devices;
  std::string blas, onednn, cpu_capability, kernels;
  int online_cpus = 1, threads = 1;
  std::string threads_reason;
  std::vector<GemmRate> gemm_rates;
  std::vector<AutoDtype> auto_dtypes;
};

// Looks at this machine; measures for about a second.
//
//   threads  to measure with; 0: those this process may use
MachineReport inspect_machine(int threads = 0);

}  // namespace souvenir
