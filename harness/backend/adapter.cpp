#include "harness/backend/adapter.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "harness/backend/adapter_config.h"
#include "harness/backend/checkpoint.h"
#include "harness/backend/pickled_weights.h"
#include "harness/backend/weight_reader.h"
#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir {

namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "adapter_config.json";
constexpr const char* kWeights = "adapter_model.safetensors";
constexpr const char* kPickled = "adapter_model.bin";  // of PEFT before 0.6
constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{1} << 24U;
constexpr std::string_view kRoot = "base_model.model.";

[[noreturn]] void refuse(const std::string& label, const std::string& message) {
  throw Error(ErrorKind::input, label + ": " + message);
}

void check_directory(const fs::path& directory) {
  if (!fs::is_directory(directory)) refuse(directory.string(), "no such directory");
  if (!has_entry(directory, kConfig)) {
    refuse(directory.string(), std::string("not an adapter: no ") + kConfig);
  }
  if (!has_entry(directory, kWeights) && !has_entry(directory, kPickled)) {
    refuse(directory.string(), std::string("no weights: expected ") + kWeights + " or " + kPickled);
  }
}

Shard open_weights(const fs::path& directory) {
  std::vector<std::string> notes;
  if (has_entry(directory, kWeights)) return open_shard(directory, kWeights, notes);
  Shard shard;
  shard.file = std::make_unique<CheckpointFile>(directory, kPickled);
  PickledWeights weights = read_pickled_weights(*shard.file);
  if (!weights.shared.empty()) {
    refuse(shard.file->label(), "tensor " + in_quotes(weights.shared.front()) +
                                    ": expected numbers of its own, found another tensor's");
  }
  shard.header = std::move(weights.header);
  return shard;
}

// One of the two factors of a change.
struct FactorName {
  std::string module;
  bool is_a = false;
};

FactorName parse_name(const std::string& label, const std::string& name) {
  for (const auto& [ending, is_a] :
       {std::pair(std::string(".lora_A.weight"), true), {".lora_B.weight", false}}) {
    if (name.starts_with(kRoot) && name.ends_with(ending) &&
        name.size() > kRoot.size() + ending.size()) {
      return {name.substr(kRoot.size(), name.size() - kRoot.size() - ending.size()), is_a};
    }
  }
  refuse(label, "tensor " + in_quotes(name) +
                    ": expected base_model.model.MODULE.lora_A.weight or lora_B.weight");
}

// Reads a matrix as float32.
at::Tensor read_matrix(WeightReader& reader, const std::string& label, const StoredTensor& tensor) {
  const auto refuse_tensor = [&](const std::string& problem) {
    refuse(label, "tensor " + in_quotes(tensor.name) + ": " + problem);
  };
  if (tensor.dtype != "F32" && tensor.dtype != "F16" && tensor.dtype != "BF16") {
    refuse_tensor("expected F32, F16 or BF16, found " + in_quotes(tensor.dtype));
  }
  std::vector<std::int64_t> shape = tensor.shape;
  if (shape.size() != 2 || shape[0] == 0 || shape[1] == 0) {
    refuse_tensor("expected a matrix");
  }
  if (tensor.form == StoredForm::transposed) std::swap(shape[0], shape[1]);
  at::Tensor values = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  reader.read(tensor, in_stored_order(tensor.form, 0, values));
  return values;
}

std::vector<AdapterChange> pair_factors(const std::string& label, const AdapterConfig& config,
                                        const std::map<std::string, AdapterChange>& factors) {
  std::vector<AdapterChange> changes;
  for (const auto& [module, factor] : factors) {
    if (!factor.a.defined() || !factor.b.defined()) {
      refuse(label, "module " + in_quotes(module) + ": expected lora_A and lora_B, found one");
    }
    if (factor.a.size(0) != factor.b.size(1)) {
      refuse(label, "module " + in_quotes(module) + ": lora_A has rank " +
                        std::to_string(factor.a.size(0)) + ", lora_B " +
                        std::to_string(factor.b.size(1)));
    }
    changes.push_back(
        {module + ".weight", config.scale(module, factor.a.size(0)), factor.a, factor.b});
  }
  if (changes.empty()) refuse(label, "expected factors of at least one weight, found none");
  return changes;
}

// "layers.0.q_proj" of "model.layers.0.q_proj": names may lack what the whole model's begin with.
bool same_tensor(const std::string& one, const std::string& other) {
  return one == other || one.ends_with("." + other) || other.ends_with("." + one);
}

std::string shape_text(at::IntArrayRef shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

void merge(const std::string& label, const AdapterChange& change, const TensorPlan& plan,
           const at::Tensor& place) {
  at::Tensor delta = at::mm(change.b, change.a).mul_(change.scale);
  if (plan.layout == Layout::transposed) delta = delta.t();
  const std::int64_t rows = delta.size(0), columns = delta.size(1);
  if (place.dim() < 2 || place.numel() != rows * columns || place.size(-1) != columns) {
    refuse(label, "weight " + in_quotes(change.tensor) + ": the base model's is " +
                      shape_text(place.sizes()) + ", the adapter's " + shape_text(delta.sizes()));
  }
  const at::Tensor sum = place.to(at::kFloat) + delta.reshape(place.sizes()).to(place.device());
  if (!at::isfinite(sum.to(place.scalar_type())).all().item<bool>()) {
    refuse(label, "weight " + in_quotes(change.tensor) + ": the sum is not finite");
  }
  place.copy_(sum);
}

}  // namespace

Adapter read_adapter(const fs::path& directory) {
  check_directory(directory);
  Adapter adapter;
  adapter.label = directory.string();
  SmallFile config_file = read_small_file(directory, kConfig, kMaxConfigBytes);
  const AdapterConfig config =
      read_adapter_config(parse_model_config(config_file.text, (directory / kConfig).string()));
  const Shard shard = open_weights(directory);
  WeightReader reader(shard);
  std::map<std::string, AdapterChange> factors;
  for (const StoredTensor& tensor : shard.header.tensors) {
    const FactorName name = parse_name(shard.file->label(), tensor.name);
    AdapterChange& factor = factors[name.module];
    (name.is_a ? factor.a : factor.b) = read_matrix(reader, shard.file->label(), tensor);
  }
  adapter.changes = pair_factors(shard.file->label(), config, factors);
  adapter.info = {.kind = "LoRA",
                  .rank = config.rank,
                  .alpha = config.alpha,
                  .weights = static_cast<std::int64_t>(adapter.changes.size()),
                  .files = {std::move(config_file.digest), reader.finish()},
                  .sha256 = {}};
  adapter.info.sha256 = digest_of_files(adapter.info.files);
  return adapter;
}

void merge_adapter(const Adapter& adapter, std::span<const TensorPlan> plans,
                   const std::function<at::Tensor(const TensorPlan&)>& place_of,
                   const std::function<bool(const TensorPlan&)>& wanted) {
  for (const AdapterChange& change : adapter.changes) {
    const auto plan = std::find_if(plans.begin(), plans.end(), [&](const TensorPlan& candidate) {
      return same_tensor(candidate.name, change.tensor);
    });
    if (plan == plans.end()) {
      refuse(adapter.label, "weight " + in_quotes(change.tensor) + ": the base model has none");
    }
    // A change of the head alone, where a file has one weight for both.
    if (plan->slot == Slot::token_embedding) {
      refuse(adapter.label, "weight " + in_quotes(change.tensor) +
                                ": in the base model it is the token embedding too; expected a "
                                "weight of its own");
    }
    if (wanted(*plan)) merge(adapter.label, change, *plan, place_of(*plan));
  }
}

}  // namespace souvenir
