#include "harness/backend/device.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "harness/backend/cpu.h"
#include "harness/backend/machine.h"
#include "harness/error.h"
#include "tests/support/aten_catch.h"
#include "tests/support/temporary_folder.h"

namespace souvenir {
namespace {

std::string refused(const std::string& device) {
  try {
    resolve_device(device);
    return {};
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
}

TEST_CASE("devices are resolved, or refused with what there is", "[device]") {
  CHECK(resolve_device("cpu").is_cpu());
  const bool cuda = at::hasCUDA() && at::getNumGPUs() > 0;
  CHECK(resolve_device("auto").is_cpu() == !cuda);
  if (!cuda) {
    WARN("no CUDA device here: its refusal is tested, its use is not");
    CHECK_THAT(refused("cuda"), Catch::Contains("cuda") && Catch::Contains("cpu"));
    CHECK_THAT(refused("cuda:0"), Catch::Contains("cuda:0"));
  } else {
    CHECK(resolve_device("cuda:0").is_cuda());
  }
  CHECK_THAT(refused("cuda:99"), Catch::Contains("cuda:99"));
  for (const char* name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "cuda:12345"})
    CHECK_THAT(refused(name), Catch::Contains("expected"));
}

TEST_CASE("dtypes are resolved by name, and auto never rounds float32", "[device]") {
  CHECK(resolve_dtype("float32", at::kBFloat16, at::kCPU).dtype == at::kFloat);
  CHECK(resolve_dtype("bfloat16", at::kFloat, at::kCPU).dtype == at::kBFloat16);
  CHECK(resolve_dtype("float16", at::kFloat, at::kCPU).dtype == at::kHalf);
  CHECK(resolve_dtype("auto", at::kFloat, at::kCPU).dtype == at::kFloat);
  const CpuFeatures cpu = read_cpu_features();
  const bool fast = cpu.amx_bf16 || (cpu.avx512_bf16 && cpu.vendor == "AuthenticAMD");
  for (const at::ScalarType stored : {at::kBFloat16, at::kHalf}) {
    const DtypeChoice choice = resolve_dtype("auto", stored, at::kCPU);
    CHECK(choice.dtype == (fast ? at::kBFloat16 : at::kFloat));
    CHECK_FALSE(choice.reason.empty());
  }
  CHECK_THROWS_AS(resolve_dtype("int8", at::kFloat, at::kCPU), Error);
}

// A root folder with the files that the kernel shows of control groups.
class FakeRoot {
 public:
  void file(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = std::filesystem::path(folder_.path()) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::optional<double> cpus() const { return cgroup_cpus(folder_.path()); }

 private:
  test::TemporaryFolder folder_;
};

TEST_CASE("the CPU quota of control groups is the least on the way up", "[device]") {
  SECTION("no control groups") { CHECK_FALSE(FakeRoot().cpus()); }
  SECTION("version 2") {
    const FakeRoot root;
    root.file("proc/self/cgroup", "0::/a/b\n");
    root.file("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    CHECK_FALSE(root.cpus());
    root.file("sys/fs/cgroup/a/cpu.max", "250000 100000\n");
    CHECK(root.cpus() == 2.5);
    root.file("sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
    CHECK(root.cpus() == 0.5);
  }
  SECTION("version 2 inside a container, whose group is the mount itself") {
    const FakeRoot root;
    root.file("proc/self/cgroup", "0::/not/here\n");
    root.file("sys/fs/cgroup/cpu.max", "400000 100000\n");
    CHECK(root.cpus() == 4.0);
  }
  SECTION("version 1") {
    const FakeRoot root;
    root.file("proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/job\n");
    root.file("sys/fs/cgroup/memory/x/cpu.cfs_quota_us", "100\n");
    root.file("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n");
    root.file("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
    CHECK(root.cpus() == 3.0);
    root.file("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
    CHECK_FALSE(root.cpus());
  }
}

TEST_CASE("threads follow affinity and quota, and are at least one", "[device]") {
  const ThreadChoice here = choose_threads();
  CHECK(here.threads >= 1);
  CHECK(here.threads <= here.affinity);
  CHECK(usable_threads() == here.threads);
  const test::TemporaryFolder folder;
  const std::filesystem::path root = folder.path();
  std::filesystem::create_directories(root / "proc/self");
  std::filesystem::create_directories(root / "sys/fs/cgroup");
  std::ofstream(root / "proc/self/cgroup") << "0::/\n";
  std::ofstream(root / "sys/fs/cgroup/cpu.max") << "30000 100000\n";
  const ThreadChoice limited = choose_threads(root);
  CHECK(limited.threads == 1);
  CHECK_THAT(limited.reason, Catch::Contains("quota"));
}

TEST_CASE("a machine's report has all that doctor prints", "[device]") {
  const int before = at::get_num_threads();
  const MachineReport report = inspect_machine(1);
  CHECK_FALSE(report.cpu_name.empty());
  CHECK_FALSE(report.kernels.empty());
  CHECK(report.memory_bytes > 0);
  CHECK(report.available_bytes > 0);
  CHECK(report.libtorch_version == TORCH_VERSION);
  CHECK(report.devices.front() == "cpu");
  CHECK_FALSE(report.blas.empty());
  CHECK(report.threads == 1);
  REQUIRE(report.gemm_rates.size() == 3);
  CHECK(report.gemm_rates[0].gflops > 0);
  REQUIRE(report.auto_dtypes.size() == 2);
  CHECK(report.auto_dtypes[0].dtype == "float32");
  CHECK(at::get_num_threads() == before);
}

}  // namespace
}  // namespace souvenir
