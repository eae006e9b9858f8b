#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace souvenir {

// How a file keeps a tensor, where not as the reference library publishes it.
//
//   transposed    as [out, in] what is published as [in, out]
//   rotary_pairs  rows of each head in pairs that are rotated together, not half a head apart
//   plus_one      one added to every weight
enum class StoredForm { as_published, transposed, rotary_pairs, plus_one };

// One tensor of a weight file, as its header describes it: what every format is read into.
//
//   dtype       as the file spells it: F32, F16, BF16, Q4_0, ... (stored_dtype.h)
//   shape       in the order of the file, the last dimension contiguous
//   begin, end  bytes from the start of the data part
struct StoredTensor {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  StoredForm form = StoredForm::as_published;
};

// What a weight file holds.
//
//   data_start  bytes before the data part
//   tensors     in the order of their bytes, without overlap
struct WeightsHeader {
  std::uint64_t data_start = 0;
  std::vector<StoredTensor> tensors;
};

}  // namespace souvenir
