#include "harness/backend/machine.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/backend/aten.h"
#include "harness/backend/cpu.h"
#include "harness/backend/device.h"
#include "harness/backend/free_memory.h"
#include "harness/backend/kernels/kernels.h"
#include "harness/backend/linear.h"

namespace souvenir {
namespace {

std::string read_word(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

// "32768K" as the kernel writes it.
std::int64_t bytes_of(const std::string& text) {
  std::istringstream stream(text);
  std::int64_t number = 0;
  char unit = 0;
  stream >> number >> unit;
  return unit == 'K' ? number << 10 : unit == 'M' ? number << 20 : number;
}

std::vector<CpuCache> read_caches() {
  std::vector<CpuCache> caches;
  for (int i = 0; i < 16; ++i) {
    const std::filesystem::path folder =
        "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(i);
    if (!std::filesystem::exists(folder)) break;
    CpuCache cache;
    std::istringstream(read_word(folder / "level")) >> cache.level;
    cache.kind = read_word(folder / "type");
    std::transform(cache.kind.begin(), cache.kind.end(), cache.kind.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    cache.bytes = bytes_of(read_word(folder / "size"));
    caches.push_back(cache);
  }
  return caches;
}

// The line of libtorch's description that holds `word`, without its bullet.
std::string config_line(const std::string& config, const std::string& word) {
  std::istringstream stream(config);
  for (std::string line; std::getline(stream, line);) {
    if (line.find(word) == std::string::npos) continue;
    const std::size_t text = line.find_first_not_of(" -");
    return text == std::string::npos ? "" : line.substr(text);
  }
  return {};
}

std::string blas_of(const std::string& config) {
  const std::string key = "BLAS_INFO=";
  const std::size_t at = config.find(key);
  std::string name =
      at == std::string::npos
          ? "unknown"
          : config.substr(at + key.size(), config.find_first_of(", \n", at) - at - key.size());
  const std::string line = config_line(config, "Math Kernel Library Version");
  return line.empty() ? name : name + ": " + line;
}

GemmRate measure(at::ScalarType dtype, const std::string& name) {
  constexpr std::int64_t kRows = 2048, kInputs = 768, kOutputs = 3072;
  constexpr double kOperations = 2.0 * kRows * kInputs * kOutputs;
  GemmRate rate{.dtype = name};
  try {
    const Linear linear(at::full({kOutputs, kInputs}, 0.5, dtype), {});
    const at::Tensor x = at::full({kRows, kInputs}, 0.5, dtype);
    rate.packed = linear.packed();
    rate.widened = linear.widened();
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    for (int run = 0; run < 12; ++run) {
      const Clock::time_point start = Clock::now();
      linear(x);
      const std::chrono::duration<double> taken = Clock::now() - start;
      if (run > 0) rate.gflops = std::max(rate.gflops, kOperations / taken.count() * 1e-9);
      if (run > 1 && Clock::now() - begin > std::chrono::milliseconds(400)) break;
    }
  } catch (const c10::Error&) {
    rate.gflops = 0;
  }
  return rate;
}

AutoDtype auto_dtype(at::ScalarType stored, const std::string& name) {
  const DtypeChoice choice = resolve_dtype("auto", stored, resolve_device("auto"));
  const std::string dtype = choice.dtype == at::kFloat      ? "float32"
                            : choice.dtype == at::kBFloat16 ? "bfloat16"
                                                            : "float16";
  return {name, dtype, choice.reason};
}

}  // namespace

MachineReport inspect_machine(int threads) {
  const c10::InferenceMode no_gradients;
  MachineReport report;
  const CpuFeatures cpu = read_cpu_features();
  report.cpu_name = cpu.name;
  if (cpu.avx2) report.features.emplace_back("avx2");
  if (cpu.avx512f) report.features.emplace_back("avx512f");
  if (cpu.avx512_bf16) report.features.emplace_back("avx512_bf16");
  if (cpu.amx_bf16) report.features.emplace_back("amx_bf16");
  report.caches = read_caches();
  const MemoryState memory = read_memory();
  report.memory_bytes = memory.total;
  report.available_bytes = memory.free;
  report.libtorch_version = TORCH_VERSION;
  report.libtorch_cuda = at::hasCUDA();
  report.devices.emplace_back("cpu");
  for (std::size_t i = 0; at::hasCUDA() && i < static_cast<std::size_t>(at::getNumGPUs()); ++i)
    report.devices.push_back("cuda:" + std::to_string(i));
  const std::string config = at::show_config();
  report.blas = blas_of(config);
  report.onednn = config_line(config, "MKL-DNN");
  if (report.onednn.empty()) report.onednn = config_line(config, "oneDNN");
  report.cpu_capability = at::get_cpu_capability();
  report.kernels = kernels::available()[0]->name;
  const ThreadChoice choice = choose_threads();
  report.online_cpus = choice.online;
  report.threads = threads > 0 ? threads : choice.threads;
  report.threads_reason = threads > 0 ? "asked for" : choice.reason;
  const int threads_before = at::get_num_threads();
  at::set_num_threads(report.threads);
  report.gemm_rates = {measure(at::kFloat, "float32"), measure(at::kBFloat16, "bfloat16"),
                       measure(at::kHalf, "float16")};
  at::set_num_threads(threads_before);
  report.auto_dtypes = {auto_dtype(at::kFloat, "float32"), auto_dtype(at::kBFloat16, "16 bits")};
  return report;
}

}  // namespace souvenir
