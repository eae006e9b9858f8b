#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir {

// A tensor that a pickle describes: a view of numbers that lie in another file.
//
//   dtype             as safetensors spells it
//   storage           the name of that file
//   storage_elements  how many numbers it has
//   offset            of the first element, in elements
struct PickledTensor {
  std::string name;
  std::string dtype;
  std::string storage;
  std::int64_t storage_elements = 0;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
};

// Reads the pickle of an untrusted state dictionary as torch.save writes it (protocol 2). Builds
// tensors, and the containers and numbers they are described with, and nothing else: what another
// pickle would call or import is refused by its name. Nothing is ever executed.
//
//   label  what messages call the file
//
// Returns  the tensors in the order of the dictionary
// Errors   input: an opcode, a global or a use of one that is not on the list; not a dictionary of
//          tensors; a name twice; cut off; more than 4,000,000 values or 1,000 open marks
std::vector<PickledTensor> read_torch_pickle(std::string_view bytes, const std::string& label);

// What torch.save wrote before PyTorch 1.6: pickles one behind the other, then the numbers.
//
//   storages  names, in the order in which their numbers follow
//   bytes     of the pickles
struct OldTorchPickles {
  std::vector<PickledTensor> tensors;
  std::vector<std::string> storages;
  std::size_t bytes = 0;
};

// Says whether a file that begins like this is of that kind.
bool is_old_torch_file(std::string_view start);

// Reads its pickles, as carefully as read_torch_pickle.
//
//   bytes  from the begin of the file; beyond the pickles, nothing is looked at
//
// Errors  input: as read_torch_pickle; numbers of another byte order
OldTorchPickles read_old_torch_pickles(std::string_view bytes, const std::string& label);

}  // namespace souvenir
