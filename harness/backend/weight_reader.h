#pragma once

#include <cstdint>
#include <vector>

#include "harness/backend/aten.h"
#include "harness/backend/checkpoint.h"
#include "harness/backend/stored_tensor.h"

namespace souvenir {

// Reads one weight file from begin to end, in pieces: each is checked, decoded and put in its
// place. The one way from a file's bytes to weights, whatever the format of the file.
class WeightReader {
 public:
  //   shard  borrowed; nothing but its header was read of it
  explicit WeightReader(Shard& shard) : file_(*shard.file), start_(shard.header.data_start) {}

  // Reads a tensor; those of a file come in the order of its header. What lies between two is
  // digested and left alone.
  //
  //   place  a view of the tensor's place, with elements in the order of the file
  //
  // Errors  input: a NaN or an infinity, or a value beyond the place's dtype, by the tensor's name
  void read(const StoredTensor& tensor, const at::Tensor& place);

  // Reads what is left.
  FileDigest finish();

 private:
  void skip_to(std::uint64_t position);
  void read_piece(const StoredTensor& tensor, const at::Tensor& piece);

  CheckpointFile& file_;
  std::uint64_t start_;
  std::vector<char> bytes_;
  std::vector<float> decoded_;
};

// The dtype of a file's numbers once they are decoded.
at::ScalarType decoded_dtype(const std::string& stored);

// Returns a view of a place, given in the reference library's order, in that of the file.
at::Tensor in_stored_order(StoredForm form, std::int64_t head_dim, const at::Tensor& place);

}  // namespace souvenir
