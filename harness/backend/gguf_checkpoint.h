#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/backend/checkpoint.h"
#include "harness/backend/gguf.h"

namespace souvenir {

// Opens a GGUF file, or the files it is split over, by the first, as what it was converted from:
// config.json's fields from its metadata, the reference library's names of its tensors, and the
// form in which llama.cpp keeps each.
//
// Errors  input: as open_gguf and open_further_parts; an architecture, or something of it, that is
// not supported
//         (by name); a tensor that has no place in it
Checkpoint open_gguf_checkpoint(const std::filesystem::path& file);

// ---- for gguf_checkpoint.cpp -------------------------------------------------------------------

// Says the metadata of a GGUF file in the words of config.json.
//
//   weights  its tensors, by the file's names
//   factors  reads a tensor of rope factors
//
// Errors  input: a key missing, of the wrong type or out of range, or known to change the
//         arithmetic in a way that is not supported
ModelConfig gguf_config(const GgufHeader& header, const std::string& label,
                        const std::function<std::vector<double>(const StoredTensor&)>& factors);

}  // namespace souvenir
