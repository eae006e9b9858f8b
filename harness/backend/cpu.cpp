#include "harness/backend/cpu.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "harness/backend/control_groups.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace souvenir {
namespace {

#if defined(__x86_64__)
struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

// The register state the operating system saves (XCR0).
std::uint64_t saved_state() {
  if ((cpuid(1).c & (1U << 27)) == 0) return 0;
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | std::uint64_t{high} << 32;
}
#endif

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The quota one group's folder states, in CPUs.
std::optional<double> quota_in(const std::filesystem::path& folder) {
  std::istringstream v2(first_line(folder / "cpu.max"));
  double quota = 0, period = 0;
  if (v2 >> quota >> period && period > 0) return quota / period;  // "max" is no number
  std::istringstream quota_v1(first_line(folder / "cpu.cfs_quota_us"));
  std::istringstream period_v1(first_line(folder / "cpu.cfs_period_us"));
  if (quota_v1 >> quota && period_v1 >> period && quota > 0 && period > 0) return quota / period;
  return std::nullopt;
}

int affinity_cpus() {
  for (std::size_t cpus = 1024; cpus <= 1U << 20; cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const std::size_t size = CPU_ALLOC_SIZE(cpus);
    CPU_ZERO_S(size, set);
    const bool read = sched_getaffinity(0, size, set) == 0;
    const int count = read ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (read) return std::max(count, 1);
  }
  return 1;
}

}  // namespace

CpuFeatures read_cpu_features() {
  CpuFeatures features;
#if defined(__x86_64__)
  const Registers vendor = cpuid(0);
  for (const unsigned part : {vendor.b, vendor.d, vendor.c})
    features.vendor.append(reinterpret_cast<const char*>(&part), sizeof part);
  std::array<char, 49> name{};
  for (unsigned i = 0; i < 3; ++i) {
    const Registers r = cpuid(0x80000002U + i);
    std::memcpy(name.data() + std::size_t{16} * i, &r, 16);
  }
  features.name = name.data();
  const std::uint64_t saved = saved_state();
  const bool avx = (saved & 0x6) == 0x6, avx512 = (saved & 0xE6) == 0xE6;
  const bool amx = (saved & 0x60000) == 0x60000;
  const Registers seven = cpuid(7), more = cpuid(7, 1);
  features.avx2 = avx && (seven.b & (1U << 5)) != 0;
  features.avx512f = avx512 && (seven.b & (1U << 16)) != 0;
  features.avx512_bf16 = avx512 && (more.a & (1U << 5)) != 0;
  features.amx_bf16 = amx && (seven.d & (1U << 22)) != 0 && (seven.d & (1U << 24)) != 0;
#endif
  if (features.name.empty()) {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line) && features.name.empty();)
      if (line.rfind("model name", 0) == 0 || line.rfind("CPU part", 0) == 0)
        features.name = line.substr(std::min(line.find(':') + 2, line.size()));
  }
  return features;
}

std::optional<double> cgroup_cpus(const std::filesystem::path& root) {
  std::optional<double> least;
  for (const std::filesystem::path& folder : control_groups(root, "cpu"))
    if (const auto quota = quota_in(folder)) least = std::min(least.value_or(*quota), *quota);
  return least;
}

ThreadChoice choose_threads(const std::filesystem::path& root) {
  ThreadChoice choice;
  choice.online = std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
  choice.affinity = affinity_cpus();
  choice.quota = cgroup_cpus(root);
  choice.threads = choice.affinity;
  choice.reason =
      choice.affinity < choice.online ? "the affinity mask" : "the CPUs of this machine";
  if (choice.quota && *choice.quota < choice.threads) {
    choice.threads = std::max(1, static_cast<int>(std::floor(*choice.quota)));
    choice.reason = "the control group's CPU quota";
  }
  return choice;
}

}  // namespace souvenir
