#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/backend/stored_tensor.h"

namespace souvenir {

// Reads `bytes` bytes of a file from byte `offset` on. Never asked for what is beyond its end.
using ReadAt = std::function<void(std::uint64_t offset, void* to, std::size_t bytes)>;

// What a GGUF file says before its data.
//
//   metadata  an object: every key with its number, text, true or false, or list of these
//   weights   tensors by the names in the file; the shape's last dimension is contiguous
struct GgufHeader {
  nlohmann::json metadata;
  WeightsHeader weights;
};

// Reads and checks the header of an untrusted file of version 2 or 3. Every count and size is
// compared with what is left of the file before anything is allocated by it.
//
//   file_bytes  size of the whole file
//   file        what messages call the file
//
// Returns  tensors that follow each other up to padding, and end where the file does
// Errors   input: not GGUF, another version or byte order, a key or tensor twice, a type that is
//          not supported (by name), lists of lists, a number that is not finite, a size that
//          overflows or is no whole number of blocks, a gap, an overlap, a truncated or longer file
GgufHeader read_gguf_header(const ReadAt& read, std::uint64_t file_bytes, const std::string& file);

}  // namespace souvenir
