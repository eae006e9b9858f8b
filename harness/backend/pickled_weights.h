#pragma once

#include <string>
#include <vector>

#include "harness/backend/checkpoint_file.h"
#include "harness/backend/stored_tensor.h"

namespace souvenir {

// What a pytorch_model.bin holds.
//
//   header  the tensors, by where their bytes lie in the file
//   shared  names of tensors that are wholly another one's bytes, e.g. a head that is the
//           embedding; not in the header
struct PickledWeights {
  WeightsHeader header;
  std::vector<std::string> shared;
};

// Reads what torch.save wrote, without executing anything: a zip archive (before PyTorch 1.6, the
// same without one), a pickle that describes the tensors, and their bytes. A matrix that is stored
// transposed is taken as such.
//
// Errors  input: as read_zip_directory, read_torch_pickle and read_old_torch_pickles; a tensor
//         outside its bytes, over another, or with gaps between its elements, by its name
PickledWeights read_pickled_weights(const CheckpointFile& file);

}  // namespace souvenir
