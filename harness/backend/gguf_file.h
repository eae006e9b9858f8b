#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "harness/backend/checkpoint_file.h"
#include "harness/backend/gguf.h"

namespace souvenir {

// A GGUF file, opened: its header is read and checked, its data are not read yet.
//
//   parts  how many files the model is split over; this is the first, which has all the metadata
struct GgufFile {
  std::unique_ptr<CheckpointFile> file;
  GgufHeader header;
  std::int64_t parts = 1;
};

// Opens a GGUF file.
//
// Errors  input: as CheckpointFile and read_gguf_header; a part of a split file that is not the
//         first, or whose name says something else than its metadata
GgufFile open_gguf(const std::filesystem::path& path);

// Opens the files that a split model goes on in, in their order, by the name of the first:
// NAME-00001-of-00003.gguf.
//
// Errors  input: as open_gguf; a part that is missing, or says that it is another; together not as
//         many tensors as the first says
std::vector<GgufFile> open_further_parts(const std::filesystem::path& path, const GgufFile& first);

// Returns the GGUF file that a path to a model means: itself, or the only one in a directory
// without a config.json, of a split one the first part; nothing where the path means something
// else.
//
// Errors  input: a directory with several of them and nothing else to load
std::optional<std::filesystem::path> find_gguf(const std::filesystem::path& model);

}  // namespace souvenir
