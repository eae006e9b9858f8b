#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/backend/checkpoint_file.h"
#include "harness/backend/config.h"
#include "harness/backend/safetensors.h"
#include "harness/types.h"

namespace souvenir {

// A weight file, opened: its header is read and checked, its data are not read yet.
struct Shard {
  std::unique_ptr<CheckpointFile> file;
  WeightsHeader header;
};

// A checkpoint, opened. Of a Hugging Face directory: config.json read, generation_config.json read
// if there is one, every weight file's header read and checked against the index. Nothing in it is
// executed: of a pickle (pytorch_model.bin, where there are no safetensors) only tensors are built,
// and anything else in it is refused by name. Of a GGUF file: its
// metadata said in the words of config.json, its tensors under the names of the reference library.
//
//   config   config.json
//   eos_ids  where generation stops: generation_config.json if there is one, else config.json, as
//            the reference library decides it
//   shards   in the order of the index; model.safetensors alone if there is one
//   files    digests of the small files read so far
//   notes    what a reader of the evidence should know about these files
//   names    what this file calls a tensor, by the reference library's name; where it is another
struct Checkpoint {
  std::string label;
  ModelConfig config;
  std::vector<std::int64_t> eos_ids;
  std::vector<Shard> shards;
  std::vector<FileDigest> files;
  std::vector<std::string> notes;
  std::unordered_map<std::string, std::string> names;

  // Borrows from shards.
  std::unordered_map<std::string, const StoredTensor*> tensors;
};

// Opens a weight file and reads its header.
//
//   notes  gets what a reader of the evidence should know
//
// Errors  as CheckpointFile and parse_safetensors_header
Shard open_shard(const std::filesystem::path& directory, const std::string& name,
                 std::vector<std::string>& notes);

// Opens a checkpoint: a Hugging Face directory, or a GGUF file, or a directory with nothing to load
// but one of these.
//
// Errors  input: not a checkpoint, a file missing, malformed, too large or outside the directory,
//         a tensor that index and shards do not agree on
Checkpoint open_checkpoint(const std::filesystem::path& model);

}  // namespace souvenir
