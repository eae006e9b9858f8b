#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/backend/stored_tensor.h"

namespace souvenir {

constexpr std::uint64_t kSafetensorsLengthBytes = 8;

// Reads the length of the header from the first eight bytes of a file.
//
//   file  what messages call the file
//
// Errors  input: shorter than eight bytes, a header longer than 100,000,000 bytes or than the file
std::uint64_t safetensors_header_bytes(std::string_view first_bytes, std::uint64_t file_bytes,
                                       const std::string& file);

// Reads and checks the header of an untrusted file. Every size is computed with overflow checks
// and compared with the size of the file before anything is allocated by it.
//
//   header      the JSON after the length field
//   file_bytes  size of the whole file
//
// Returns  the tensors; their bytes follow each other from the start of the data part to the end
//          of the file, without gap or overlap
// Errors   input: not JSON, a key twice or unknown or missing, an unknown dtype, a number that is
//          no integer below 2^48, more than 8 dimensions or 1,000,000 tensors, a size that
//          overflows or does not fit its shape, a gap, an overlap, a truncated or longer file
WeightsHeader parse_safetensors_header(std::string_view header, std::uint64_t file_bytes,
                                       const std::string& file);

}  // namespace souvenir
