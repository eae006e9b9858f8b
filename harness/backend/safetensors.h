#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir {

// One tensor of a safetensors file, as its header describes it.
//
//   dtype       as the file spells it: F32, F16, BF16, I64, ...
//   begin, end  bytes from the start of the data part
struct StoredTensor {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// What a safetensors file holds.
//
//   data_start  bytes before the data part: the length field and the header
//   tensors     in the order of their bytes; they cover the data part exactly
struct SafetensorsHeader {
  std::uint64_t data_start = 0;
  std::vector<StoredTensor> tensors;
};

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
SafetensorsHeader parse_safetensors_header(std::string_view header, std::uint64_t file_bytes,
                                           const std::string& file);

}  // namespace souvenir
