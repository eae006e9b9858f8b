#include "harness/backend/safetensors.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>
#include <utility>

#include "harness/backend/config.h"
#include "harness/error.h"

namespace souvenir {

namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::uint64_t kMaxInteger = std::uint64_t{1} << 48U;
constexpr std::size_t kMaxTensors = 1'000'000;
constexpr std::size_t kMaxRank = 8;
constexpr std::size_t kMaxStringBytes = std::size_t{1} << 20U;

struct Dtype {
  std::string_view name;
  std::uint64_t bits;
};

constexpr std::array<Dtype, 22> kDtypes = {{
    {"F32", 32},    {"F16", 16},        {"BF16", 16},       {"F64", 64},    {"I64", 64},
    {"I32", 32},    {"I16", 16},        {"I8", 8},          {"U64", 64},    {"U32", 32},
    {"U16", 16},    {"U8", 8},          {"BOOL", 8},        {"C64", 64},    {"F8_E4M3", 8},
    {"F8_E5M2", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6},
    {"F6_E3M2", 6}, {"F4", 4},
}};

[[noreturn]] void refuse(const std::string& file, const std::string& message) {
  throw Error(ErrorKind::input, file + ": " + message);
}

// Takes the header apart event by event, so that nothing is built that was not asked for: nesting,
// types and duplicate keys are checked where they occur. nlohmann's DOM would keep the last of two
// equal keys without a word.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& file) : file_(file) {}

  std::vector<StoredTensor> take() { return std::move(tensors_); }

  bool start_object(std::size_t /*size*/) override {
    if (at_ == At::document) {
      at_ = At::names;
    } else if (at_ == At::value && tensor_.name == kMetadata) {
      at_ = At::metadata;
    } else if (at_ == At::value) {
      at_ = At::fields;
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& name) override {
    if (name.size() > kMaxStringBytes || name.find('\0') != string_t::npos) {
      refuse(file_, "header: a key is longer than 1 MiB or holds a NUL");
    }
    if (at_ == At::names) {
      start_tensor(name);
    } else if (at_ == At::metadata) {
      if (!metadata_.insert(name).second) {
        refuse(file_, "header: __metadata__: key " + in_quotes(name) + " stands twice");
      }
      at_ = At::metadata_value;
    } else {
      start_field(name);
    }
    return true;
  }

  bool string(string_t& value) override {
    if (value.size() > kMaxStringBytes) {
      refuse(file_, "header: a string is longer than 1 MiB");
    }
    if (at_ == At::metadata_value) {
      at_ = At::metadata;
    } else if (at_ == At::dtype) {
      tensor_.dtype = value;
      at_ = At::fields;
    } else {
      unexpected("a string");
    }
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (at_ == At::shape) {
      at_ = At::in_shape;
    } else if (at_ == At::offsets) {
      at_ = At::in_offsets;
    } else {
      unexpected("an array");
    }
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (value >= kMaxInteger) {
      refuse(file_, tensor() + ": expected numbers below 2^48, found " + std::to_string(value));
    }
    if (at_ == At::in_shape) {
      if (tensor_.shape.size() == kMaxRank) {
        refuse(file_, tensor() + ": expected at most 8 dimensions");
      }
      tensor_.shape.push_back(static_cast<std::int64_t>(value));
    } else if (at_ == At::in_offsets) {
      offsets_.push_back(value);
    } else {
      unexpected("a number");
    }
    return true;
  }

  bool end_array() override {
    if (at_ == At::in_offsets && offsets_.size() != 2) {
      refuse(file_, tensor() + ": data_offsets: expected 2 numbers, found " +
                        std::to_string(offsets_.size()));
    }
    at_ = At::fields;
    return true;
  }

  bool end_object() override {
    if (at_ == At::fields) {
      finish_tensor();
    } else if (at_ == At::metadata) {
      at_ = At::names;
    }
    return true;
  }

  bool null() override { return unexpected("null"); }
  bool boolean(bool /*value*/) override { return unexpected("true or false"); }
  bool number_integer(number_integer_t /*value*/) override {
    return unexpected("a negative number");
  }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
    return unexpected("a number that is no integer below 2^48");
  }
  bool binary(binary_t& /*value*/) override { return unexpected("binary data"); }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    refuse(file_, "header: not valid JSON at byte " + std::to_string(position));
  }

 private:
  enum class At {
    document,
    names,
    value,
    metadata,
    metadata_value,
    fields,
    dtype,
    shape,
    in_shape,
    offsets,
    in_offsets,
  };
  static constexpr std::string_view kMetadata = "__metadata__";

  std::string tensor() const { return "tensor " + in_quotes(tensor_.name); }

  bool unexpected(const std::string& what) const {
    refuse(file_, "header: " + (tensor_.name.empty() ? "" : in_quotes(tensor_.name) + ": ") + what +
                      " where none may stand");
  }

  void start_tensor(const std::string& name) {
    if (!names_.insert(name).second) {
      refuse(file_, "header: tensor " + in_quotes(name) + " stands twice");
    }
    if (names_.size() > kMaxTensors + 1) {
      refuse(file_, "header: expected at most 1,000,000 tensors");
    }
    tensor_ = StoredTensor{.name = name, .dtype = {}, .shape = {}, .form = {}};
    offsets_.clear();
    fields_.clear();
    at_ = At::value;
  }

  void start_field(const std::string& name) {
    if (!fields_.insert(name).second) {
      refuse(file_, tensor() + ": key " + in_quotes(name) + " stands twice");
    }
    if (name == "dtype") {
      at_ = At::dtype;
    } else if (name == "shape") {
      at_ = At::shape;
    } else if (name == "data_offsets") {
      at_ = At::offsets;
    } else {
      refuse(file_, tensor() + ": expected dtype, shape and data_offsets, found the key " +
                        in_quotes(name));
    }
  }

  void finish_tensor() {
    if (fields_.size() != 3) {
      refuse(file_, tensor() + ": expected dtype, shape and data_offsets; one is missing");
    }
    tensor_.begin = offsets_[0];
    tensor_.end = offsets_[1];
    tensors_.push_back(std::move(tensor_));
    tensor_ = {};
    at_ = At::names;
  }

  const std::string& file_;
  At at_ = At::document;
  StoredTensor tensor_;
  std::vector<std::uint64_t> offsets_;
  std::unordered_set<std::string> fields_;
  std::unordered_set<std::string> metadata_;
  std::unordered_set<std::string> names_;
  std::vector<StoredTensor> tensors_;
};

// Returns the bytes a tensor takes, or nothing if that overflows or is no whole number of bytes.
std::optional<std::uint64_t> tensor_bytes(const StoredTensor& tensor, std::uint64_t bits_each) {
  std::uint64_t bits = bits_each;
  for (const std::int64_t dimension : tensor.shape) {
    if (__builtin_mul_overflow(bits, static_cast<std::uint64_t>(dimension), &bits)) {
      return std::nullopt;
    }
  }
  return bits % 8 == 0 ? std::optional(bits / 8) : std::nullopt;
}

void check_tensor(const StoredTensor& tensor, std::uint64_t expected_begin,
                  const std::string& file) {
  const std::string name = "tensor " + in_quotes(tensor.name);
  const auto* dtype = std::find_if(kDtypes.begin(), kDtypes.end(),
                                   [&](const Dtype& each) { return each.name == tensor.dtype; });
  if (dtype == kDtypes.end()) {
    refuse(file, name + ": unknown dtype " + in_quotes(tensor.dtype));
  }
  if (tensor.end < tensor.begin) {
    refuse(file, name + ": data_offsets end before they begin");
  }
  if (tensor.begin != expected_begin) {
    refuse(file, name + ": expected its data to begin at byte " + std::to_string(expected_begin) +
                     ", found " + std::to_string(tensor.begin) +
                     (tensor.begin < expected_begin ? " (an overlap)" : " (a gap)"));
  }
  const std::optional<std::uint64_t> bytes = tensor_bytes(tensor, dtype->bits);
  if (!bytes) {
    refuse(file, name + ": the size of its shape overflows, or is no whole number of bytes");
  }
  if (*bytes != tensor.end - tensor.begin) {
    refuse(file, name + ": expected " + std::to_string(*bytes) + " bytes for its shape, found " +
                     std::to_string(tensor.end - tensor.begin));
  }
}

}  // namespace

std::uint64_t safetensors_header_bytes(std::string_view first_bytes, std::uint64_t file_bytes,
                                       const std::string& file) {
  if (first_bytes.size() < kSafetensorsLengthBytes || file_bytes < kSafetensorsLengthBytes) {
    refuse(file,
           "expected a safetensors file, found only " + std::to_string(file_bytes) + " bytes");
  }
  std::uint64_t bytes = 0;
  for (std::size_t i = kSafetensorsLengthBytes; i-- > 0;) {
    bytes = (bytes << 8U) | static_cast<unsigned char>(first_bytes[i]);
  }
  if (bytes > kMaxHeaderBytes) {
    refuse(file, "expected a header of at most " + std::to_string(kMaxHeaderBytes) +
                     " bytes, found " + std::to_string(bytes));
  }
  if (bytes > file_bytes - kSafetensorsLengthBytes) {
    refuse(file, "truncated: a header of " + std::to_string(bytes) + " bytes in a file of " +
                     std::to_string(file_bytes));
  }
  return bytes;
}

WeightsHeader parse_safetensors_header(std::string_view header, std::uint64_t file_bytes,
                                       const std::string& file) {
  // nlohmann takes a NUL for the end of its input and would not look at what follows.
  if (header.empty() || header.front() != '{' || header.find('\0') != std::string_view::npos) {
    refuse(file, "header: expected JSON that begins with '{' and holds no NUL");
  }
  HeaderReader reader(file);
  nlohmann::json::sax_parse(header.begin(), header.end(), &reader);

  WeightsHeader result;
  result.data_start = kSafetensorsLengthBytes + header.size();
  result.tensors = reader.take();
  std::sort(result.tensors.begin(), result.tensors.end(),
            [](const StoredTensor& a, const StoredTensor& b) {
              return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
            });
  std::uint64_t end = 0;
  for (const StoredTensor& tensor : result.tensors) {
    check_tensor(tensor, end, file);
    end = tensor.end;
  }
  if (result.data_start + end != file_bytes) {  // both below 2^49: no overflow
    refuse(file,
           std::string(file_bytes < result.data_start + end ? "truncated" : "trailing bytes") +
               ": expected " + std::to_string(result.data_start + end) + " bytes, found " +
               std::to_string(file_bytes));
  }
  return result;
}

}  // namespace souvenir
