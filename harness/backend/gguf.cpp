#include "harness/backend/gguf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "harness/backend/config.h"
#include "harness/backend/stored_dtype.h"
#include "harness/error.h"

namespace souvenir {

namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr std::size_t kMaxKeyBytes = 65535;
constexpr std::size_t kMaxStringBytes = std::size_t{1} << 24U;
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 24U;  // of a list
constexpr std::uint64_t kMaxKeys = 65536;
constexpr std::uint64_t kMaxTensors = 1'000'000;
constexpr std::uint64_t kMaxDimensions = 4;
constexpr std::uint64_t kMaxDimension = std::uint64_t{1} << 48U;
constexpr std::uint64_t kMaxAlignment = std::uint64_t{1} << 20U;
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::size_t kBufferBytes = std::size_t{1} << 16U;
// The fewest bytes a key with its value, and a tensor's description, can take.
constexpr std::uint64_t kKeyBytes = 8 + 4 + 1, kTensorBytes = 8 + 4 + 8 + 4 + 8;

// The types of tensors, by number; empty: never used, or withdrawn.
constexpr std::array<std::string_view, 41> kTypes = {
    "F32",     "F16",   "Q4_0",   "Q4_1",  "",      "",       "Q5_0", "Q5_1",    "Q8_0",
    "Q8_1",    "Q2_K",  "Q3_K",   "Q4_K",  "Q5_K",  "Q6_K",   "Q8_K", "IQ2_XXS", "IQ2_XS",
    "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8",   "I16",     "I32",
    "I64",     "F64",   "IQ1_M",  "BF16",  "",      "",       "",     "TQ1_0",   "TQ2_0",
    "",        "",      "",       "MXFP4", "NVFP4"};

enum class Type : std::uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64
};

// Bytes of a value of each type; of a string, the fewest.
constexpr std::array<std::uint64_t, 13> kTypeBytes = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

class Reader {
 public:
  Reader(const ReadAt& read, std::uint64_t file_bytes, const std::string& file)
      : read_(read), size_(file_bytes), file_(file), buffer_(kBufferBytes) {}

  GgufHeader run() {
    read_start();
    GgufHeader header;
    header.metadata = json::object();
    for (std::uint64_t i = 0; i < keys_; ++i) {
      read_key(header.metadata);
    }
    std::vector<StoredTensor>& tensors = header.weights.tensors;
    for (std::uint64_t i = 0; i < tensors_; ++i) {
      tensors.push_back(read_tensor());
    }
    place(header);
    return header;
  }

 private:
  [[noreturn]] void refuse(const std::string& message) const {
    throw Error(ErrorKind::input, file_ + ": " + message);
  }

  std::uint64_t left() const { return size_ - position_; }

  // Checks that so much is left before anybody makes room for it.
  void need(std::uint64_t bytes, const std::string& what) const {
    if (bytes > left()) {
      refuse("truncated: " + what + " of " + std::to_string(bytes) + " bytes or more, but only " +
             std::to_string(left()) + " are left");
    }
  }

  void take(void* to, std::size_t bytes, const std::string& what) {
    need(bytes, what);
    char* out = static_cast<char*>(to);
    while (bytes > 0) {
      if (position_ < buffered_from_ || position_ >= buffered_from_ + buffered_) {
        buffered_from_ = position_;
        buffered_ = std::min<std::uint64_t>(buffer_.size(), left());
        read_(buffered_from_, buffer_.data(), buffered_);
      }
      const std::size_t at = position_ - buffered_from_;
      const std::size_t now = std::min<std::size_t>(bytes, buffered_ - at);
      std::memcpy(out, buffer_.data() + at, now);
      out += now;
      position_ += now;
      bytes -= now;
    }
  }

  template <typename Number>
  Number number(const std::string& what) {
    Number value = {};
    take(&value, sizeof value, what);
    return value;
  }

  std::string text(std::size_t most, const std::string& what) {
    const auto bytes = number<std::uint64_t>(what);
    need(bytes, what);
    if (bytes > most) {
      refuse(what + ": expected at most " + std::to_string(most) + " bytes, found " +
             std::to_string(bytes));
    }
    std::string value(bytes, '\0');
    take(value.data(), value.size(), what);
    return value;
  }

  void read_start() {
    if (size_ < 24 || number<std::uint32_t>("the start") != kMagic) {
      refuse("expected a GGUF file, which begins with \"GGUF\"");
    }
    const auto version = number<std::uint32_t>("the version");
    if (version == __builtin_bswap32(2) || version == __builtin_bswap32(3)) {
      refuse("a big-endian GGUF file is not supported");
    }
    if (version != 2 && version != 3) {
      refuse("GGUF version " + std::to_string(version) + " is not supported; supported: 2, 3");
    }
    tensors_ = number<std::uint64_t>("the number of tensors");
    keys_ = number<std::uint64_t>("the number of keys");
    if (keys_ > kMaxKeys || keys_ > left() / kKeyBytes) {
      refuse("expected at most as many keys as fit, found " + std::to_string(keys_));
    }
    if (tensors_ > kMaxTensors || tensors_ > left() / kTensorBytes) {
      refuse("expected at most as many tensors as fit, found " + std::to_string(tensors_));
    }
  }

  // ---- metadata ---------------------------------------------------------------------------------

  void read_key(json& metadata) {
    std::string key = text(kMaxKeyBytes, "a key");
    if (key.empty() || key.find('\0') != std::string::npos) {
      refuse("a key is empty or holds a NUL");
    }
    if (metadata.contains(key)) {
      refuse("key " + in_quotes(key) + " stands twice");
    }
    const std::string what = "key " + in_quotes(key);
    const Type type = read_type(what);
    metadata[std::move(key)] = type == Type::array ? read_array(what) : read_value(type, what);
  }

  Type read_type(const std::string& what) {
    const auto type = number<std::uint32_t>(what);
    if (type >= kTypeBytes.size()) {
      refuse(what + ": unknown type " + std::to_string(type));
    }
    return static_cast<Type>(type);
  }

  json read_array(const std::string& what) {
    const Type type = read_type(what);
    if (type == Type::array) {
      refuse(what + ": lists of lists are not supported");
    }
    const auto count = number<std::uint64_t>(what);
    const std::uint64_t each = kTypeBytes[static_cast<std::size_t>(type)];
    if (count > left() / each || count > kMaxElements) {
      refuse(what + ": a list of " + std::to_string(count) + " elements: expected at most " +
             std::to_string(std::min(left() / each, kMaxElements)));
    }
    json list = json::array();
    list.get_ref<json::array_t&>().reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      list.push_back(read_value(type, what));
    }
    return list;
  }

  json finite(double value, const std::string& what) const {
    if (!std::isfinite(value)) {
      refuse(what + ": expected a finite number");
    }
    return value;
  }

  json read_value(Type type, const std::string& what) {
    switch (type) {
      case Type::u8:
        return number<std::uint8_t>(what);
      case Type::i8:
        return number<std::int8_t>(what);
      case Type::u16:
        return number<std::uint16_t>(what);
      case Type::i16:
        return number<std::int16_t>(what);
      case Type::u32:
        return number<std::uint32_t>(what);
      case Type::i32:
        return number<std::int32_t>(what);
      case Type::u64:
        return number<std::uint64_t>(what);
      case Type::i64:
        return number<std::int64_t>(what);
      case Type::f32:
        return finite(static_cast<double>(number<float>(what)), what);
      case Type::f64:
        return finite(number<double>(what), what);
      case Type::string:
        return text(kMaxStringBytes, what);
      case Type::boolean: {
        const auto value = number<std::uint8_t>(what);
        if (value > 1) {
          refuse(what + ": expected true or false (1 or 0), found " + std::to_string(value));
        }
        return value == 1;
      }
      case Type::array:
        break;
    }
    refuse(what + ": lists of lists are not supported");
  }

  // ---- tensors ----------------------------------------------------------------------------------

  StoredTensor read_tensor() {
    StoredTensor tensor;
    tensor.name = text(kMaxKeyBytes, "a tensor's name");
    const std::string what = "tensor " + in_quotes(tensor.name);
    if (tensor.name.empty() || tensor.name.find('\0') != std::string::npos) {
      refuse("a tensor's name is empty or holds a NUL");
    }
    if (!names_.insert(tensor.name).second) {
      refuse(what + " stands twice");
    }
    const auto dimensions = number<std::uint32_t>(what);
    if (dimensions == 0 || dimensions > kMaxDimensions) {
      refuse(what + ": expected 1 to 4 dimensions, found " + std::to_string(dimensions));
    }
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      const auto size = number<std::uint64_t>(what);
      if (size == 0 || size >= kMaxDimension) {
        refuse(what + ": expected dimensions from 1 to 2^48, found " + std::to_string(size));
      }
      tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(size));
    }
    const auto type = number<std::uint32_t>(what);
    tensor.dtype = type < kTypes.size() ? kTypes[type] : "";
    tensor.begin = number<std::uint64_t>(what);
    tensor.end = tensor_bytes(tensor, type, what);  // its size, until all are placed
    return tensor;
  }

  std::uint64_t tensor_bytes(const StoredTensor& tensor, std::uint32_t type,
                             const std::string& what) const {
    const StoredDtype* dtype = find_stored_dtype(tensor.dtype);
    if (dtype == nullptr) {
      refuse(what + ": type " + (tensor.dtype.empty() ? std::to_string(type) : tensor.dtype) +
             " is not supported; supported: " + stored_dtype_names(true));
    }
    if (tensor.shape.back() % dtype->elements != 0) {
      refuse(what + ": expected rows of a multiple of " + std::to_string(dtype->elements) +
             " elements (" + tensor.dtype + "), found " + std::to_string(tensor.shape.back()));
    }
    auto bytes = static_cast<std::uint64_t>(tensor.shape.back() / dtype->elements);
    bool fits = !__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dtype->bytes), &bytes);
    for (std::size_t i = 0; i + 1 < tensor.shape.size(); ++i) {
      fits = fits &&
             !__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(tensor.shape[i]), &bytes);
    }
    if (!fits || bytes > size_) {
      refuse(what + ": expected a size that the file of " + std::to_string(size_) +
             " bytes can hold");
    }
    return bytes;
  }

  std::uint64_t read_alignment(const json& metadata) const {
    const auto at = metadata.find("general.alignment");
    if (at == metadata.end()) {
      return kDefaultAlignment;
    }
    const std::uint64_t alignment = at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
    if (alignment > kMaxAlignment || !std::has_single_bit(alignment)) {
      refuse("key \"general.alignment\": expected a power of two up to " +
             std::to_string(kMaxAlignment));
    }
    return alignment;
  }

  // Puts the tensors in the order of their bytes, and compares them with the file.
  void place(GgufHeader& header) const {
    const std::uint64_t alignment = read_alignment(header.metadata);
    const auto padded = [&](std::uint64_t bytes) {
      return (bytes + alignment - 1) & ~(alignment - 1);
    };
    std::vector<StoredTensor>& tensors = header.weights.tensors;
    std::stable_sort(
        tensors.begin(), tensors.end(),
        [](const StoredTensor& a, const StoredTensor& b) { return a.begin < b.begin; });
    std::uint64_t end = 0;  // sums of sizes that the file can hold, and padding: no overflow
    for (StoredTensor& tensor : tensors) {
      if (tensor.begin != padded(end)) {
        refuse("tensor " + in_quotes(tensor.name) + ": expected its data to begin at byte " +
               std::to_string(padded(end)) + ", found " + std::to_string(tensor.begin) +
               (tensor.begin < padded(end) ? " (an overlap, or not aligned)" : " (a gap)"));
      }
      end = tensor.begin + tensor.end;
      tensor.end = end;
      if (end > size_) {
        refuse("truncated: tensor " + in_quotes(tensor.name) + " ends beyond the file");
      }
    }
    header.weights.data_start = tensors.empty() ? position_ : padded(position_);
    const std::uint64_t least = header.weights.data_start + end;
    const std::uint64_t most = header.weights.data_start + padded(end);
    if (size_ < least || size_ > std::max(most, padded(position_))) {
      refuse(std::string(size_ < least ? "truncated" : "trailing bytes") + ": expected " +
             std::to_string(least) + " bytes and padding, found " + std::to_string(size_));
    }
  }

  const ReadAt& read_;
  std::uint64_t size_;
  const std::string& file_;
  std::vector<char> buffer_;
  std::uint64_t buffered_from_ = 0;
  std::size_t buffered_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t tensors_ = 0;
  std::uint64_t keys_ = 0;
  std::unordered_set<std::string> names_;
};

}  // namespace

GgufHeader read_gguf_header(const ReadAt& read, std::uint64_t file_bytes, const std::string& file) {
  return Reader(read, file_bytes, file).run();
}

}  // namespace souvenir
