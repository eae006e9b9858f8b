#include "harness/backend/checkpoint.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "harness/backend/gguf_checkpoint.h"
#include "harness/backend/gguf_file.h"
#include "harness/backend/pickled_weights.h"
#include "harness/error.h"
#include "harness/types.h"

namespace souvenir {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = kMiB;
constexpr std::uint64_t kMaxIndexBytes = 64 * kMiB;
constexpr std::uint64_t kLargeHeaderBytes = 10'000'000;
constexpr std::size_t kMaxTensors = 1'000'000;
constexpr const char* kConfig = "config.json";
constexpr const char* kGeneration = "generation_config.json";
constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kPickled = "pytorch_model.bin";
constexpr const char* kPickledIndex = "pytorch_model.bin.index.json";

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::input, message); }

ModelConfig read_json(const fs::path& directory, const char* name, std::uint64_t max_bytes,
                      std::vector<FileDigest>& files) {
  SmallFile file = read_small_file(directory, name, max_bytes);
  files.push_back(std::move(file.digest));
  return parse_model_config(file.text, (directory / name).string());
}

void check_directory(const fs::path& directory) {
  std::error_code failed;
  const auto status = fs::status(directory, failed);
  if (!fs::exists(status)) {
    refuse(directory.string() + ": no such directory");
  }
  if (!fs::is_directory(status)) {
    refuse(directory.string() +
           ": expected a Hugging Face directory (config.json and "
           "safetensors) or a GGUF file, found a file");
  }
  // The reference library would load another model than the one in this directory.
  if (has_entry(directory, "adapter_config.json")) {
    refuse(
        (directory / "adapter_config.json").string() +
        ": expected a whole model, found an adapter; name its base model, and this by --adapter");
  }
  if (!has_entry(directory, kConfig)) {
    refuse(directory.string() + ": not a checkpoint: no config.json");
  }
}

// What an index says: the tensors of every shard.
using Index = std::map<std::string, std::set<std::string>>;

Index read_index(const fs::path& directory, const char* name, std::vector<FileDigest>& files) {
  SmallFile file = read_small_file(directory, name, kMaxIndexBytes);
  files.push_back(std::move(file.digest));
  const std::string label = (directory / name).string();
  const auto map = parse_model_config(file.text, label).maybe_text_map("weight_map");
  if (!map || map->empty() || map->size() > kMaxTensors) {
    refuse(label + ": expected a weight_map of 1 to 1,000,000 tensors");
  }
  Index index;
  for (const auto& [tensor, shard] : *map) {
    index[shard].insert(tensor);
  }
  return index;
}

// Checks that every tensor of a shard is mapped to that shard, and every mapped one is in it.
//
//   shared  tensors of this shard that are not in its header, because others are the same
void check_against_index(const Shard& shard, const std::set<std::string>& mapped,
                         const std::string& index, const std::vector<std::string>& shared = {}) {
  std::set<std::string> missing = mapped;
  for (const std::string& name : shared) {
    missing.erase(name);
  }
  for (const StoredTensor& tensor : shard.header.tensors) {
    if (missing.erase(tensor.name) == 0) {
      refuse(shard.file->label() + ": tensor " + in_quotes(tensor.name) + ": " + index +
             " does not say that it is in this file");
    }
  }
  if (!missing.empty()) {
    refuse(shard.file->label() + ": tensor " + in_quotes(*missing.begin()) + ": missing; " + index +
           " says that it is in this file");
  }
}

// Opens weights that torch.save wrote; where there are safetensors, they are not looked at.
void open_pickled(const fs::path& directory, Checkpoint& checkpoint) {
  const auto open = [&](const std::string& name) {
    Shard shard;
    shard.file = std::make_unique<CheckpointFile>(directory, name);
    PickledWeights weights = read_pickled_weights(*shard.file);
    shard.header = std::move(weights.header);
    checkpoint.shards.push_back(std::move(shard));
    return weights.shared;
  };
  if (has_entry(directory, kPickled)) {
    open(kPickled);
    return;
  }
  for (const auto& [name, tensors] : read_index(directory, kPickledIndex, checkpoint.files)) {
    const std::vector<std::string> shared = open(name);
    check_against_index(checkpoint.shards.back(), tensors, kPickledIndex, shared);
  }
}

void open_shards(const fs::path& directory, Checkpoint& checkpoint) {
  if (has_entry(directory, kSingle)) {
    checkpoint.shards.push_back(open_shard(directory, kSingle, checkpoint.notes));
  } else if (has_entry(directory, kIndex)) {
    for (const auto& [name, tensors] : read_index(directory, kIndex, checkpoint.files)) {
      checkpoint.shards.push_back(open_shard(directory, name, checkpoint.notes));
      check_against_index(checkpoint.shards.back(), tensors, kIndex);
    }
  } else if (has_entry(directory, kPickled) || has_entry(directory, kPickledIndex)) {
    open_pickled(directory, checkpoint);
  } else {
    refuse(directory.string() + ": no weights: expected model.safetensors or " + kIndex);
  }
  for (const Shard& shard : checkpoint.shards) {
    for (const StoredTensor& tensor : shard.header.tensors) {
      checkpoint.tensors.emplace(tensor.name, &tensor);
    }
  }
}

}  // namespace

Shard open_shard(const fs::path& directory, const std::string& name,
                 std::vector<std::string>& notes) {
  Shard shard;
  shard.file = std::make_unique<CheckpointFile>(directory, name);
  CheckpointFile& file = *shard.file;
  std::array<char, kSafetensorsLengthBytes> first = {};
  file.read(first.data(), std::min<std::uint64_t>(first.size(), file.size_bytes()));
  const std::uint64_t bytes = safetensors_header_bytes(
      {first.data(), std::min<std::uint64_t>(first.size(), file.size_bytes())}, file.size_bytes(),
      file.label());
  if (bytes > kLargeHeaderBytes) {
    notes.push_back(name + ": an unusually large header of " + std::to_string(bytes) + " bytes");
  }
  std::string header(bytes, '\0');
  file.read(header.data(), header.size());
  shard.header = parse_safetensors_header(header, file.size_bytes(), file.label());
  return shard;
}

Checkpoint open_checkpoint(const fs::path& model) {
  if (const auto gguf = find_gguf(model)) {
    return open_gguf_checkpoint(*gguf);
  }
  const fs::path& directory = model;
  check_directory(directory);
  std::vector<FileDigest> files;
  Checkpoint checkpoint{.label = directory.string(),
                        .config = read_json(directory, kConfig, kMaxConfigBytes, files),
                        .eos_ids = {},
                        .shards = {},
                        .files = {},
                        .notes = {},
                        .names = {},
                        .tensors = {}};
  checkpoint.files = std::move(files);
  if (has_entry(directory, kGeneration)) {
    checkpoint.eos_ids =
        read_json(directory, kGeneration, kMaxConfigBytes, checkpoint.files).ids("eos_token_id");
  } else {
    checkpoint.eos_ids = checkpoint.config.ids("eos_token_id");
  }
  open_shards(directory, checkpoint);
  return checkpoint;
}

}  // namespace souvenir
