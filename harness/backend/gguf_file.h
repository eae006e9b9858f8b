#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "harness/backend/checkpoint_file.h"
#include "harness/backend/gguf.h"

namespace souvenir {

// A GGUF file, opened: its header is read and checked, its data are not read yet.
struct GgufFile {
  std::unique_ptr<CheckpointFile> file;
  GgufHeader header;
};

// Opens a GGUF file.
//
// Errors  input: as CheckpointFile and read_gguf_header; a part of a split file
GgufFile open_gguf(const std::filesystem::path& path);

// Returns the GGUF file that a path to a model means: itself, or the only one in a directory
// without a config.json; nothing where the path means something else.
//
// Errors  input: a directory with several of them and nothing else to load
std::optional<std::filesystem::path> find_gguf(const std::filesystem::path& model);

}  // namespace souvenir
