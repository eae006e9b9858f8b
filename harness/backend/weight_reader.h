#pragma once

#include <cstdint>
#include <vector>

#include "harness/backend/aten.h"
#include "harness/backend/checkpoint.h"
#include "harness/backend/stored_tensor.h"

namespace souvenir {

// The first reading of a file goes from begin to end, and digests it; a further one reads single
// tensors of a file that is known.
enum class Reading { first, again };

// Reads one weight file, in pieces: each is checked, decoded and put in its place. The one way from
// a file's bytes to weights, whatever the format of the file.
//
// Threads: several may read a file again at once.
class WeightReader {
 public:
  //   shard  borrowed; for the first reading, nothing but its header was read of it
  explicit WeightReader(const Shard& shard, Reading reading = Reading::first)
      : file_(*shard.file), start_(shard.header.data_start), reading_(reading) {}

  // Reads a tensor; those of a file come in the order of its header. What lies between two is
  // digested and left alone.
  //
  //   place  a view of the tensor's place, with elements in the order of the file
  //
  // Errors  input: a NaN or an infinity, or a value beyond the place's dtype, by the tensor's name
  void read(const StoredTensor& tensor, const at::Tensor& place);

  // Reads what is left of a first reading.
  FileDigest finish();

 private:
  void skip_to(std::uint64_t position);
  void fetch(void* to, std::size_t bytes);
  void read_piece(const StoredTensor& tensor, const at::Tensor& piece);

  CheckpointFile& file_;
  std::uint64_t start_;
  Reading reading_;
  std::uint64_t position_ = 0;  // of a further reading
  std::vector<char> bytes_;
  std::vector<float> decoded_;
};

// The dtype of a file's numbers once they are decoded.
at::ScalarType decoded_dtype(const std::string& stored);

// Returns a view of a place, given in the reference library's order, in that of the file.
at::Tensor in_stored_order(StoredForm form, std::int64_t head_dim, const at::Tensor& place);

}  // namespace souvenir
