#include "harness/backend/pickled_weights.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "harness/backend/config.h"
#include "harness/backend/pickle.h"
#include "harness/backend/zip_archive.h"
#include "harness/error.h"

namespace souvenir {

namespace {

constexpr std::uint64_t kMostPickleBytes = std::uint64_t{32} << 20U;
constexpr std::string_view kPickleName = "/data.pkl";

std::int64_t bytes_of(std::string_view dtype) {
  if (dtype == "F64" || dtype == "I64") {
    return 8;
  }
  if (dtype == "F32" || dtype == "I32") {
    return 4;
  }
  return dtype == "F16" || dtype == "BF16" || dtype == "I16" ? 2 : 1;
}

// Whether elements in this order lie side by side. Where a dimension is 1 its stride says nothing.
bool is_dense(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) {
      return false;
    }
    expected *= shape[i];  // no overflow: checked before
  }
  return true;
}

class PickledReader {
 public:
  explicit PickledReader(const CheckpointFile& file) : file_(file) {}

  PickledWeights run() {
    PickledWeights weights;
    for (const PickledTensor& tensor : is_archive() ? read_archive() : read_old_file()) {
      weights.header.tensors.push_back(place(tensor));
    }
    std::stable_sort(
        weights.header.tensors.begin(), weights.header.tensors.end(),
        [](const StoredTensor& a, const StoredTensor& b) { return a.begin < b.begin; });
    take_shared_out(weights);
    return weights;
  }

 private:
  [[noreturn]] void refuse(const std::string& problem) const {
    throw Error(ErrorKind::input, file_.label() + ": " + problem);
  }

  [[noreturn]] void refuse(const PickledTensor& tensor, const std::string& problem) const {
    refuse("tensor " + in_quotes(tensor.name) + ": " + problem);
  }

  bool is_archive() const {
    char first[2] = {};
    if (file_.size_bytes() >= 2) {
      file_.peek(0, first, 2);
    }
    return first[0] == 'P' && first[1] == 'K';
  }

  std::vector<PickledTensor> read_archive() {
    entries_ = read_zip_directory(file_);
    folder_ = find_folder();
    check_byte_order(folder_);
    return read_torch_pickle(text(folder_ + "/data.pkl"), file_.label());
  }

  // Before PyTorch 1.6: behind the pickles, of each storage how many numbers it has, and these.
  std::vector<PickledTensor> read_old_file() {
    std::string start(std::min(file_.size_bytes(), kMostPickleBytes), '\0');
    file_.peek(0, start.data(), start.size());
    if (!is_old_torch_file(start)) {
      refuse(
          "not a file that torch.save wrote; load it in transformers and save it anew: "
          "save_pretrained(folder, safe_serialization=True)");
    }
    const OldTorchPickles old = read_old_torch_pickles(start, file_.label());
    std::map<std::string_view, std::uint64_t> widths;
    for (const PickledTensor& tensor : old.tensors) {
      widths[tensor.storage] = static_cast<std::uint64_t>(bytes_of(tensor.dtype));
    }
    std::uint64_t at = old.bytes;
    for (const std::string& name : old.storages) {
      const auto width = widths.find(name);
      if (width == widths.end()) {
        refuse("numbers " + in_quotes(name) + " are no tensor's");
      }
      const ZipEntry numbers = locate_numbers(at, width->second);
      at = numbers.end;
      if (!entries_.emplace(folder_ + "/data/" + name, numbers).second) {
        refuse("numbers " + in_quotes(name) + " are there twice");
      }
    }
    if (at != file_.size_bytes()) {
      refuse("trailing bytes: expected " + std::to_string(at) + ", found " +
             std::to_string(file_.size_bytes()));
    }
    return old.tensors;
  }

  ZipEntry locate_numbers(std::uint64_t at, std::uint64_t width) const {
    std::uint64_t count = 0;
    if (file_.size_bytes() - at < sizeof count) {
      refuse("truncated: some numbers are missing");
    }
    file_.peek(at, &count, sizeof count);
    at += sizeof count;
    if (count > (file_.size_bytes() - at) / width) {
      refuse("truncated: " + std::to_string(count) + " numbers, but only " +
             std::to_string(file_.size_bytes() - at) + " bytes are left");
    }
    return {at, at + count * width};
  }

  std::string text(const std::string& name) const {
    const ZipEntry& entry = entries_.at(name);
    if (entry.end - entry.begin > kMostPickleBytes) {
      refuse(name + ": expected at most " + std::to_string(kMostPickleBytes) + " bytes");
    }
    std::string bytes(entry.end - entry.begin, '\0');
    file_.peek(entry.begin, bytes.data(), bytes.size());
    return bytes;
  }

  // Everything lies in one folder, which is named after the file when it was written.
  std::string find_folder() const {
    std::optional<std::string> folder;
    for (const auto& [name, entry] : entries_) {
      if (name.ends_with(kPickleName) && name.find('/') == name.size() - kPickleName.size()) {
        if (folder) {
          refuse("zip archive: two folders with a data.pkl");
        }
        folder = name.substr(0, name.size() - kPickleName.size());
      }
    }
    if (!folder) {
      refuse("zip archive: no data.pkl: not written by torch.save");
    }
    if (entries_.contains(*folder + "/constants.pkl")) {
      refuse("a TorchScript program, not weights: it would have to be executed");
    }
    return *folder;
  }

  void check_byte_order(const std::string& folder) const {
    if (entries_.contains(folder + "/byteorder") && text(folder + "/byteorder") != "little") {
      refuse("expected little-endian numbers");
    }
  }

  // Says where a tensor lies in the file.
  StoredTensor place(const PickledTensor& tensor) const {
    const auto entry = entries_.find(folder_ + "/data/" + tensor.storage);
    const std::int64_t each = bytes_of(tensor.dtype);
    if (entry == entries_.end()) {
      refuse(tensor, "its numbers are not in the file");
    }
    const std::uint64_t bytes = entry->second.end - entry->second.begin;
    if (static_cast<std::uint64_t>(tensor.storage_elements) !=
            bytes / static_cast<std::uint64_t>(each) ||
        bytes % static_cast<std::uint64_t>(each) != 0) {
      refuse(tensor, "expected " + std::to_string(tensor.storage_elements) + " numbers of " +
                         tensor.dtype + " in the file, found " + std::to_string(bytes) + " bytes");
    }
    std::int64_t elements = 1;
    for (const std::int64_t dimension : tensor.shape) {
      if (dimension < 0 || __builtin_mul_overflow(elements, dimension, &elements)) {
        refuse(tensor, "a dimension that cannot be");
      }
    }
    if (tensor.offset < 0 || tensor.offset > tensor.storage_elements ||
        elements > tensor.storage_elements - tensor.offset) {
      refuse(tensor, "leads out of its numbers");
    }
    StoredTensor stored{.name = tensor.name, .dtype = tensor.dtype, .shape = tensor.shape};
    set_order(tensor, stored);
    stored.begin = entry->second.begin + static_cast<std::uint64_t>(tensor.offset * each);
    stored.end = stored.begin + static_cast<std::uint64_t>(elements * each);
    return stored;
  }

  void set_order(const PickledTensor& tensor, StoredTensor& stored) const {
    if (is_dense(tensor.shape, tensor.strides)) {
      return;
    }
    const std::vector<std::int64_t> shape(tensor.shape.rbegin(), tensor.shape.rend());
    const std::vector<std::int64_t> strides(tensor.strides.rbegin(), tensor.strides.rend());
    if (shape.size() != 2 || !is_dense(shape, strides)) {
      refuse(tensor, "its elements do not lie side by side; save it contiguous");
    }
    stored.shape = shape;
    stored.form = StoredForm::transposed;
  }

  void take_shared_out(PickledWeights& weights) const {
    std::vector<StoredTensor> kept;
    for (StoredTensor& tensor : weights.header.tensors) {
      const bool over = !kept.empty() && tensor.begin < kept.back().end;
      if (over && tensor.begin == kept.back().begin && tensor.end == kept.back().end &&
          tensor.shape == kept.back().shape && tensor.dtype == kept.back().dtype &&
          tensor.form == kept.back().form) {
        weights.shared.push_back(tensor.name);
      } else if (over) {
        refuse("tensors " + in_quotes(kept.back().name) + " and " + in_quotes(tensor.name) +
               " lie over each other in another way than being one");
      } else {
        kept.push_back(std::move(tensor));
      }
    }
    weights.header.tensors = std::move(kept);
  }

  const CheckpointFile& file_;
  std::string folder_;  // in the archive
  std::map<std::string, ZipEntry> entries_;
};

}  // namespace

PickledWeights read_pickled_weights(const CheckpointFile& file) {
  return PickledReader(file).run();
}

}  // namespace souvenir
