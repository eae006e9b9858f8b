#include "harness/backend/device.h"

#include <algorithm>
#include <cctype>

#include "harness/backend/cpu.h"
#include "harness/error.h"

namespace souvenir {
namespace {

std::int64_t cuda_devices() {
  return at::hasCUDA() ? static_cast<std::int64_t>(at::getNumGPUs()) : 0;
}

std::string devices_here() {
  std::string text = "cpu";
  for (std::int64_t i = 0; i < cuda_devices(); ++i) text += ", cuda:" + std::to_string(i);
  return text;
}

[[noreturn]] void no_device(const std::string& name) {
  std::string why = "this machine has: " + devices_here();
  if (!at::hasCUDA()) why += "; this libtorch is built without CUDA or finds no device";
  throw Error(ErrorKind::usage, "device: no '" + name + "' here (" + why + ")");
}

DtypeChoice automatic(at::ScalarType stored, at::Device device) {
  if (stored == at::kFloat) return {at::kFloat, "stored in float32: never rounded"};
  if (!device.is_cpu()) return {stored, "stored in 16 bits, which this device computes in"};
  const CpuFeatures cpu = read_cpu_features();
  if (cpu.amx_bf16) return {at::kBFloat16, "stored in 16 bits, and this CPU has AMX for bfloat16"};
  if (cpu.avx512_bf16 && cpu.vendor == "AuthenticAMD")
    return {at::kBFloat16,
            "stored in 16 bits, and this CPU's AVX-512 BF16 is faster than its float32"};
  return {at::kFloat,
          "stored in 16 bits, but this CPU has no instructions that make bfloat16 faster than "
          "float32 (AMX, or AVX-512 BF16 on AMD)"};
}

}  // namespace

at::Device resolve_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name == "auto") return cuda_devices() > 0 ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  const bool cuda = name == "cuda" || name.rfind("cuda:", 0) == 0;
  const std::string number = name.size() > 5 ? name.substr(5) : name == "cuda" ? "0" : "";
  const bool digits = !number.empty() && number.size() <= 3 &&
                      std::all_of(number.begin(), number.end(),
                                  [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!cuda || !digits)
    throw Error(ErrorKind::usage,
                "device: expected auto, cpu, cuda or cuda:N, found '" + name + "'");
  const int index = std::stoi(number);
  if (index >= cuda_devices()) no_device(name);
  return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

DtypeChoice resolve_dtype(const std::string& name, at::ScalarType stored, at::Device device) {
  if (name == "auto") return automatic(stored, device);
  const std::string reason = "asked for";
  if (name == "float32") return {at::kFloat, reason};
  if (name == "bfloat16") return {at::kBFloat16, reason};
  if (name == "float16") return {at::kHalf, reason};
  throw Error(ErrorKind::usage,
              "dtype: expected auto, float32, bfloat16 or float16, found '" + name + "'");
}

int usable_threads() { return choose_threads().threads; }

}  // namespace souvenir
