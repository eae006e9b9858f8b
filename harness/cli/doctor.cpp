// souvenir doctor: what this machine and its libtorch can do.

#include <cstdio>
#include <memory>

#include "harness/backend/machine.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/rows.h"
#include "harness/cli/verb.h"
#include "harness/cli/version.h"

namespace souvenir::cli {

namespace {

struct DoctorArguments {
  int threads = 0;
  bool json = false;
};

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text.empty() ? "none of those that matter here" : text;
}

std::string bytes_text(std::int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024.0 && unit + 1 < std::size(kUnits)) {
    value /= 1024.0;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.4g %s", value, kUnits[unit]);
  return text;
}

void write_text(const MachineReport& machine, RowWriter& out) {
  out.line("souvenir   " + version_line());
  out.line("cpu        " + machine.cpu_name + " (" + join(machine.features) + ")");
  std::string caches;
  for (const CpuCache& cache : machine.caches) {
    caches += (caches.empty() ? "" : ", ") + ("L" + std::to_string(cache.level)) + " " +
              cache.kind + " " + bytes_text(cache.bytes);
  }
  out.line("caches     " + caches);
  out.line("memory     " + bytes_text(machine.memory_bytes) + ", " +
           bytes_text(machine.available_bytes) + " available");
  out.line("threads    " + std::to_string(machine.threads) + " of " +
           std::to_string(machine.online_cpus) + " (" + machine.threads_reason + ")");
  out.line("libtorch   " + machine.libtorch_version +
           (machine.libtorch_cuda ? ", built with CUDA" : ", built without CUDA") + ", kernels " +
           machine.cpu_capability);
  out.line("blas       " + machine.blas);
  out.line("onednn     " + machine.onednn);
  out.line("own loops  " + machine.kernels);
  out.line("devices    " + join(machine.devices));
  for (const GemmRate& rate : machine.gemm_rates) {
    char text[96];
    std::snprintf(text, sizeof text, "gemm       %-9s %7.1f GFLOP/s%s", rate.dtype.c_str(),
                  rate.gflops,
                  rate.widened  ? ", packed weights, computed in float32"
                  : rate.packed ? ", packed weights"
                                : "");
    out.line(text);
  }
  for (const AutoDtype& choice : machine.auto_dtypes) {
    out.line("auto       stored in " + choice.stored + ": " + choice.dtype + ", because " +
             choice.reason);
  }
}

void write_json(const MachineReport& machine, RowWriter& out) {
  Row rates = Row::array();
  for (const GemmRate& rate : machine.gemm_rates) {
    rates.push_back({{"dtype", rate.dtype},
                     {"gflops", rate.gflops},
                     {"packed", rate.packed},
                     {"widened", rate.widened}});
  }
  Row choices = Row::array();
  for (const AutoDtype& choice : machine.auto_dtypes) {
    choices.push_back(
        {{"stored", choice.stored}, {"dtype", choice.dtype}, {"reason", choice.reason}});
  }
  Row caches = Row::array();
  for (const CpuCache& cache : machine.caches) {
    caches.push_back({{"level", cache.level}, {"kind", cache.kind}, {"bytes", cache.bytes}});
  }
  const Row row = {{"version", version()},
                   {"cpu", machine.cpu_name},
                   {"features", machine.features},
                   {"caches", caches},
                   {"memory_bytes", machine.memory_bytes},
                   {"available_bytes", machine.available_bytes},
                   {"online_cpus", machine.online_cpus},
                   {"threads", machine.threads},
                   {"threads_reason", machine.threads_reason},
                   {"libtorch", machine.libtorch_version},
                   {"libtorch_cuda", machine.libtorch_cuda},
                   {"cpu_capability", machine.cpu_capability},
                   {"kernels", machine.kernels},
                   {"blas", machine.blas},
                   {"onednn", machine.onednn},
                   {"devices", machine.devices},
                   {"gemm", rates},
                   {"auto", choices}};
  out.line(row.dump(2));
}

int run_doctor(const DoctorArguments& options) {
  const MachineReport machine = inspect_machine(options.threads);
  RowWriter out("-");
  if (options.json) {
    write_json(machine, out);
  } else {
    write_text(machine, out);
  }
  out.finish();
  return kExitComplete;
}

}  // namespace

void add_doctor(CLI::App& program, Action& action) {
  auto options = std::make_shared<DoctorArguments>();
  CLI::App* verb =
      program.add_subcommand("doctor", "Say what this machine and its libtorch can do");
  verb->add_option("--threads", options->threads, "0: as many as the CPUs this process may use")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  verb->add_flag("--json", options->json, "for programs");
  verb->callback([options, &action] { action = [options] { return run_doctor(*options); }; });
}

}  // namespace souvenir::cli
