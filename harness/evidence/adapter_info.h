#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/types.h"

namespace souvenir {

// What was merged into a model before it was asked.
//
//   kind     "LoRA" or "DoRA"
//   rank     of its products, but for weights with a rank of their own
//   weights  how many of the model's, by name, it changes
//   whole    how many tensors it brings that take the place of the model's
//   files    what it was read from; they are part of the model's digest too
struct AdapterInfo {
  std::string kind;
  std::int64_t rank = 0;
  double alpha = 0.0;
  std::int64_t weights = 0;
  std::int64_t whole = 0;
  std::vector<FileDigest> files;
  std::string sha256;  // of the lines "sha256  name\n" of its files
};

}  // namespace souvenir
