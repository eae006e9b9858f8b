#include <fstream>
#include <limits>
#include <string>

#include "harness/backend/load_weights.h"
#include "harness/types.h"
#include "tests/support/aten_catch.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Reads a field of /proc/self/status, in bytes: VmRSS (resident now) or VmHWM (most so far).
std::int64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name;) {
    std::int64_t kibibytes = 0;
    if (name == field + ":" && status >> kibibytes) {
      return kibibytes * 1024;
    }
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

// Makes VmHWM start again from what is resident now.
bool reset_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
  return status_bytes("VmHWM") < status_bytes("VmRSS") + 4 * kMiB;
}

// Writes a Llama of zeros: a file with a hole, which takes no room on the disk.
std::int64_t write_zeros(const fs::path& directory, const std::string& dtype) {
  // Tensors so large that freeing them gives their memory back to the system at once: else the next
  // case would use it again, and it would not be counted.
  const json config = {{"model_type", "llama"},     {"vocab_size", 16000},
                       {"hidden_size", 2048},       {"intermediate_size", 5632},
                       {"num_hidden_layers", 1},    {"num_attention_heads", 16},
                       {"num_key_value_heads", 16}, {"tie_word_embeddings", true}};
  const Blueprint blueprint = read_blueprint({config, "config.json"});
  test::write_bytes(directory / "config.json", config.dump());
  json header = json::object();
  std::int64_t elements = 0;
  const std::int64_t item = dtype == "F32" ? 4 : 2;
  for (const TensorPlan& plan : blueprint.tensors) {
    const auto shape = slot_shape(blueprint.spec, plan.slot);
    const std::int64_t begin = elements;
    std::int64_t count = 1;
    for (const std::int64_t dimension : shape) {
      count *= dimension;
    }
    elements += count;
    header[plan.name] = {
        {"dtype", dtype}, {"shape", shape}, {"data_offsets", {begin * item, elements * item}}};
  }
  const std::string front = test::safetensors(header.dump(), "");
  test::write_bytes(directory / "model.safetensors", front);
  fs::resize_file(directory / "model.safetensors",
                  front.size() + static_cast<std::uintmax_t>(elements * item));
  return elements;
}

TEST_CASE("loading needs the memory of the weights and a buffer", "[memory]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  WARN("not measured under a sanitizer, whose own memory would be counted");
#else
  const auto [stored, compute] = GENERATE(table<std::string, at::ScalarType>(
      {{"F32", at::kFloat}, {"BF16", at::kFloat}, {"F32", at::kBFloat16}}));
  CAPTURE(stored, at::toString(compute));
  const test::ScratchDirectory scratch;
  const std::int64_t elements = write_zeros(scratch.path(), stored);
  const std::int64_t weights = elements * (compute == at::kFloat ? 4 : 2);
  REQUIRE(weights > 100 * kMiB);
  if (!reset_peak()) {
    WARN("not measured: this system does not let a process reset its peak");
    return;
  }
  const std::int64_t before = status_bytes("VmRSS");
  Checkpoint checkpoint = open_checkpoint(scratch.path());
  const Blueprint blueprint = read_blueprint(checkpoint.config);
  const Match match = match_tensors(blueprint, checkpoint);
  const LoadedWeights loaded = load_weights(blueprint, match, checkpoint, compute, at::kCPU);
  const std::int64_t peak = status_bytes("VmHWM") - before;
  CAPTURE(weights / kMiB, peak / kMiB);
  CHECK(peak > weights / 2);  // else nothing was measured
  CHECK(peak < weights + 16 * kMiB);
#endif
}

}  // namespace
}  // namespace souvenir
