#include "harness/backend/adapter.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
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

// What a tensor of the file is to its module.
enum class Role {
  factor_a,
  factor_b,
  embedding_a,
  embedding_b,
  magnitude,
  factor_bias,
  own,
  base,
  original,
  copy,
  rows
};

struct Ending {
  std::string_view text;
  Role role;
  std::string_view tensor;  // the end of the base model's tensor that it changes
};

// The first that fits counts.
constexpr Ending kEndings[] = {
    {".lora_A.weight", Role::factor_a, ".weight"},
    {".lora_B.weight", Role::factor_b, ".weight"},
    {".lora_embedding_A", Role::embedding_a, ".weight"},
    {".lora_embedding_B", Role::embedding_b, ".weight"},
    {".lora_magnitude_vector", Role::magnitude, ".weight"},
    {".lora_magnitude_vector.weight", Role::magnitude, ".weight"},
    {".lora_B.bias", Role::factor_bias, ".bias"},
    {".token_adapter.trainable_tokens_delta", Role::rows, ".weight"},
    {".token_adapter.base_layer.weight", Role::own, ".weight"},
    {".base_layer.weight", Role::base, ".weight"},
    {".base_layer.bias", Role::base, ".bias"},
    {".original_module.weight", Role::original, ".weight"},
    {".original_module.bias", Role::original, ".bias"},
    {".modules_to_save.weight", Role::copy, ".weight"},
    {".modules_to_save.bias", Role::copy, ".bias"},
    {".weight", Role::own, ".weight"},
    {".bias", Role::own, ".bias"},
};

bool is_tensor(Role role) {
  return role == Role::own || role == Role::base || role == Role::original || role == Role::copy;
}

struct AdapterName {
  std::string module;
  Role role;
  std::string tensor;
};

AdapterName parse_name(const std::string& label, const std::string& name) {
  const auto* ending = std::find_if(std::begin(kEndings), std::end(kEndings), [&](const Ending& e) {
    return name.ends_with(e.text) && name.size() > kRoot.size() + e.text.size();
  });
  const bool known = name.starts_with(kRoot) && ending != std::end(kEndings);
  const std::string module =
      known ? name.substr(kRoot.size(), name.size() - kRoot.size() - ending->text.size()) : "";
  if (known && module.find(".lora_") == std::string::npos) {
    return {module, ending->role, module + std::string(ending->tensor)};
  }
  refuse(label, "tensor " + in_quotes(name) +
                    ": expected base_model.model.MODULE and lora_A.weight, lora_B.weight, or the "
                    "end of a name in the base model");
}

[[noreturn]] void refuse_tensor(const std::string& label, const StoredTensor& tensor,
                                const std::string& problem) {
  refuse(label, "tensor " + in_quotes(tensor.name) + ": " + problem);
}

void require_floats(const std::string& label, const StoredTensor& tensor) {
  if (tensor.dtype != "F32" && tensor.dtype != "F16" && tensor.dtype != "BF16") {
    refuse_tensor(label, tensor, "expected F32, F16 or BF16, found " + in_quotes(tensor.dtype));
  }
}

// Reads a vector or a matrix as float32.
at::Tensor read_floats(WeightReader& reader, const std::string& label, const StoredTensor& tensor,
                       std::size_t dimensions) {
  require_floats(label, tensor);
  std::vector<std::int64_t> shape = tensor.shape;
  if (shape.size() != dimensions || std::count(shape.begin(), shape.end(), 0) > 0) {
    refuse_tensor(label, tensor, dimensions == 1 ? "expected a vector" : "expected a matrix");
  }
  if (tensor.form == StoredForm::transposed) std::swap(shape[0], shape[1]);
  at::Tensor values = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  reader.read(tensor, in_stored_order(tensor.form, 0, values));
  return values;
}

// Reads a tensor and lets it go: what is wrong with it is said before the base model is read.
void check_tensor(WeightReader& reader, const std::string& label, const StoredTensor& tensor) {
  require_floats(label, tensor);
  if (tensor.shape.empty() || std::count(tensor.shape.begin(), tensor.shape.end(), 0) > 0) {
    refuse_tensor(label, tensor, "expected a vector or a matrix");
  }
  reader.read(tensor,
              at::empty(tensor.shape, at::TensorOptions().dtype(decoded_dtype(tensor.dtype))));
}

// What the file has of a module: factors of a weight, or of an embedding, and what goes with them.
struct Factors {
  at::Tensor a, b, embedding_a, embedding_b, magnitude, bias;
};

at::Tensor& place_of(Factors& factors, Role role) {
  switch (role) {
    case Role::factor_a:
      return factors.a;
    case Role::factor_b:
      return factors.b;
    case Role::embedding_a:
      return factors.embedding_a;
    case Role::embedding_b:
      return factors.embedding_b;
    case Role::magnitude:
      return factors.magnitude;
    default:
      return factors.bias;
  }
}

// Puts together what belongs together, tensor by tensor.
class Assembly {
 public:
  Assembly(const AdapterConfig& config, const Shard& shard)
      : config_(config), label_(shard.file->label()), reader_(shard) {}

  void add(const StoredTensor& stored) {
    const AdapterName name = parse_name(label_, stored.name);
    if (is_tensor(name.role)) {
      check_tensor(reader_, label_, stored);
      found_.push_back({.name = name, .stored = stored});
      return;
    }
    if (name.role == Role::rows) {
      const at::Tensor values = read_floats(reader_, label_, stored, 2);
      rows_.push_back({name.tensor, tokens_of(name.module, values.size(0)), values});
      return;
    }
    place_of(factors_[name.module], name.role) =
        read_floats(reader_, label_, stored,
                    name.role == Role::magnitude || name.role == Role::factor_bias ? 1 : 2);
  }

  // Returns the changes, sorted by tensor.
  std::vector<AdapterChange> changes() const {
    std::vector<AdapterChange> changes;
    for (const auto& [module, factors] : factors_) {
      const AdapterChange change = change_of(module, factors);
      if (config_.factor_biases) {
        changes.push_back({module + ".bias", change.scale, {}, factors.bias, {}});
      }
      changes.push_back(change);
    }
    if (changes.empty()) refuse(label_, "expected factors of at least one weight, found none");
    return changes;
  }

  // Returns the tensors; a module's own after what it had been.
  std::vector<AdapterTensor> tensors() const {
    std::vector<AdapterTensor> tensors;
    for (const bool original : {true, false}) {
      for (const auto& [name, stored] : found_) {
        if ((name.role == Role::original) != original) continue;
        check_place(name, stored);
        if (name.role == Role::copy) continue;
        tensors.push_back({name.tensor, stored, !original && config_.saves(name.tensor)});
      }
    }
    return tensors;
  }

  // Returns the rows of embeddings that were trained.
  std::vector<AdapterRows> rows() const {
    if (rows_.size() >= config_.token_rows.size()) return rows_;  // a shared head may have a copy
    refuse(label_, "trainable_token_indices in adapter_config.json: of " +
                       std::to_string(config_.token_rows.size()) + " embeddings, the file has " +
                       std::to_string(rows_.size()));
  }

  FileDigest finish() { return reader_.finish(); }

 private:
  struct Found {
    AdapterName name;
    StoredTensor stored;
  };

  std::vector<std::int64_t> tokens_of(const std::string& module, std::int64_t rows) const {
    for (const auto& [name, tokens] : config_.token_rows) {
      const bool fits = name.empty() || module == name || module.ends_with("." + name);
      if (fits && static_cast<std::int64_t>(tokens.size()) == rows) return tokens;
    }
    refuse(label_, "module " + in_quotes(module) + ": trainable_token_indices in " + kConfig +
                       " has no " + std::to_string(rows) + " tokens for its rows");
  }

  AdapterChange change_of(const std::string& module, const Factors& factors) const {
    const std::string name = "module " + in_quotes(module) + ": ";
    const bool embedding = factors.embedding_a.defined() || factors.embedding_b.defined();
    const at::Tensor& a = embedding ? factors.embedding_a : factors.a;
    const at::Tensor& b = embedding ? factors.embedding_b : factors.b;
    if (!a.defined() || !b.defined()) {
      refuse(label_, name + "expected lora_A and lora_B, found one");
    }
    if (embedding && (factors.a.defined() || factors.b.defined())) {
      refuse(label_, name + "expected factors of a weight or of an embedding, found both");
    }
    if (a.size(0) != b.size(1)) {
      refuse(label_, name + "lora_A has rank " + std::to_string(a.size(0)) + ", lora_B " +
                         std::to_string(b.size(1)));
    }
    check_vector(name + "lora_magnitude_vector", factors.magnitude, "use_dora", config_.dora,
                 b.size(0));
    check_vector(name + "lora_B.bias", factors.bias, "lora_bias", config_.factor_biases, b.size(0));
    const double scale = config_.scale(module, a.size(0));
    // An embedding is [tokens, width], the product of its factors [width, tokens].
    if (embedding) return {module + ".weight", scale, b.t(), a.t(), factors.magnitude, true};
    return {module + ".weight", scale, a, b, factors.magnitude};
  }

  void check_vector(const std::string& name, const at::Tensor& vector, const char* setting,
                    bool expected, std::int64_t size) const {
    if (vector.defined() != expected) {
      refuse(label_, name + (expected ? ": expected" : ": not expected") + ", as " + setting +
                         " in adapter_config.json says");
    }
    if (expected && vector.size(0) != size) {
      refuse(label_, name + ": expected as many numbers as lora_B has rows, " +
                         std::to_string(size) + ", found " + std::to_string(vector.size(0)));
    }
  }

  // PEFT looks for a tensor under one of two names, and leaves it where it finds the other.
  void check_place(const AdapterName& name, const StoredTensor& stored) const {
    if (name.role == Role::copy && !has_own(name.tensor)) {
      refuse_tensor(label_, stored, "expected the same without modules_to_save, found none");
    }
    if (name.role == Role::copy || name.role == Role::original) return;
    const bool has_factors = factors_.contains(name.module);
    if (has_factors == (name.role == Role::base)) return;
    refuse_tensor(label_, stored,
                  has_factors ? "its module has factors: expected base_layer before its end"
                              : "expected factors of its module, found none");
  }

  bool has_own(const std::string& tensor) const {
    return std::any_of(found_.begin(), found_.end(), [&](const Found& found) {
      return found.name.role == Role::own && found.name.tensor == tensor;
    });
  }

  const AdapterConfig& config_;
  std::string label_;
  WeightReader reader_;
  std::map<std::string, Factors> factors_;  // by module
  std::vector<Found> found_;
  std::vector<AdapterRows> rows_;
};

// Counts the weights by name, and those among them that are taken whole.
void count_weights(Adapter& adapter) {
  std::set<std::string> names;
  for (const AdapterTensor& tensor : adapter.tensors) names.insert(tensor.tensor);
  adapter.info.whole = static_cast<std::int64_t>(names.size());
  for (const AdapterChange& change : adapter.changes) names.insert(change.tensor);
  for (const AdapterRows& rows : adapter.rows) names.insert(rows.tensor);
  adapter.info.weights = static_cast<std::int64_t>(names.size());
}

}  // namespace

Adapter read_adapter(const fs::path& directory) {
  check_directory(directory);
  Adapter adapter;
  adapter.label = directory.string();
  SmallFile config_file = read_small_file(directory, kConfig, kMaxConfigBytes);
  adapter.config =
      read_adapter_config(parse_model_config(config_file.text, (directory / kConfig).string()));
  adapter.shard = std::make_shared<const Shard>(open_weights(directory));
  Assembly assembly(adapter.config, *adapter.shard);
  for (const StoredTensor& tensor : adapter.shard->header.tensors) assembly.add(tensor);
  adapter.changes = assembly.changes();
  adapter.tensors = assembly.tensors();
  adapter.rows = assembly.rows();
  adapter.info = {.kind = adapter.config.dora ? "DoRA" : "LoRA",
                  .rank = adapter.config.rank,
                  .alpha = adapter.config.alpha,
                  .files = {std::move(config_file.digest), assembly.finish()},
                  .sha256 = {}};
  adapter.info.sha256 = digest_of_files(adapter.info.files);
  count_weights(adapter);
  return adapter;
}

}  // namespace souvenir
