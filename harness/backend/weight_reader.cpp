#include "harness/backend/weight_reader.h"

#include <algorithm>
#include <utility>

#include "harness/backend/stored_dtype.h"
#include "harness/error.h"

namespace souvenir {

namespace {

// Small enough for the digest, the check and the copy to find a piece still in the cache, and for
// libtorch not to wake its threads for every piece: waiting for each other took most of the time.
constexpr std::int64_t kPieceElements = std::int64_t{1} << 14U;
constexpr std::uint64_t kSkippedPieceBytes = std::uint64_t{1} << 16U;

// ---- checking ----------------------------------------------------------------------------------

// Bit patterns, without the sign, from which on a value is not finite, and from which on it is not
// finite after conversion.
struct Limits {
  std::uint32_t infinite = 0;
  std::uint32_t too_large = 0;
};

Limits limits_of(at::ScalarType stored, at::ScalarType compute) {
  const bool to_half = compute == at::kHalf;
  if (stored == at::kHalf) {
    return {.infinite = 0x7C00, .too_large = 0x7C00};
  }
  if (stored == at::kBFloat16) {
    return {.infinite = 0x7F80, .too_large = to_half ? 0x4780U : 0x7F80U};
  }
  const std::uint32_t rounds_up = compute == at::kBFloat16 ? 0x7F7F8000U : 0x7F800000U;
  return {.infinite = 0x7F800000, .too_large = to_half ? 0x477FF000U : rounds_up};
}

template <typename Bits>
std::uint32_t largest_bits(const void* data, std::int64_t elements) {
  constexpr Bits kNoSign = static_cast<Bits>(~Bits{0}) >> 1U;
  const Bits* values = static_cast<const Bits*>(data);
  Bits largest = 0;
  for (std::int64_t i = 0; i < elements; ++i) {
    largest = std::max(largest, static_cast<Bits>(values[i] & kNoSign));
  }
  return largest;
}

void check_finite(const void* data, std::int64_t elements, at::ScalarType stored,
                  at::ScalarType compute, const std::string& label, const std::string& name) {
  const Limits limits = limits_of(stored, compute);
  const std::uint32_t largest = stored == at::kFloat ? largest_bits<std::uint32_t>(data, elements)
                                                     : largest_bits<std::uint16_t>(data, elements);
  if (largest >= limits.infinite) {
    throw Error(ErrorKind::input, label + ": tensor " + in_quotes(name) +
                                      ": expected finite weights, found " +
                                      (largest == limits.infinite ? "an infinity" : "a NaN"));
  }
  if (largest >= limits.too_large) {
    throw Error(ErrorKind::input,
                label + ": tensor " + in_quotes(name) + ": a weight too large for " +
                    (compute == at::kHalf ? "float16" : "bfloat16") + "; run it in float32");
  }
}

}  // namespace

at::ScalarType decoded_dtype(const std::string& stored) {
  return stored == "BF16" ? at::kBFloat16 : stored == "F16" ? at::kHalf : at::kFloat;
}

at::Tensor in_stored_order(StoredForm form, std::int64_t head_dim, const at::Tensor& place) {
  if (form == StoredForm::transposed) {
    return place.t();
  }
  if (form == StoredForm::rotary_pairs) {
    std::vector<std::int64_t> parts = {place.size(0) / head_dim, 2, head_dim / 2};
    if (place.dim() == 2) {
      parts.push_back(place.size(1));
    }
    return place.view(parts).transpose(1, 2);
  }
  return place;
}

void WeightReader::fetch(void* to, std::size_t bytes) {
  if (reading_ == Reading::first) {
    file_.read(to, bytes);
    return;
  }
  file_.peek(position_, to, bytes);
  position_ += bytes;
}

void WeightReader::skip_to(std::uint64_t position) {
  if (reading_ == Reading::again) {
    position_ = position;
    return;
  }
  while (file_.position() < position) {
    const auto piece = std::min(position - file_.position(), kSkippedPieceBytes);
    bytes_.resize(std::max<std::size_t>(bytes_.size(), piece));
    file_.read(bytes_.data(), piece);
  }
}

void WeightReader::read(const StoredTensor& tensor, const at::Tensor& place) {
  skip_to(start_ + tensor.begin);
  const std::int64_t rows = place.size(0);
  // A multiple of every block where a row is one element.
  const std::int64_t step = std::max<std::int64_t>(1, kPieceElements / (place.numel() / rows));
  for (std::int64_t row = 0; row < rows; row += step) {
    read_piece(tensor, place.narrow(0, row, std::min(step, rows - row)));
  }
}

void WeightReader::read_piece(const StoredTensor& tensor, const at::Tensor& piece) {
  const StoredDtype& stored = *find_stored_dtype(tensor.dtype);
  const at::ScalarType type = decoded_dtype(tensor.dtype);
  const std::int64_t elements = piece.numel(), blocks = elements / stored.elements;
  const auto bytes = static_cast<std::size_t>(blocks * stored.bytes);
  const bool direct = piece.is_cpu() && piece.scalar_type() == type && piece.is_contiguous();
  void* values = direct ? piece.mutable_data_ptr() : nullptr;
  if (stored.decode != nullptr || !direct) {
    bytes_.resize(std::max(bytes_.size(), bytes));
  }
  if (stored.decode != nullptr) {
    decoded_.resize(std::max(decoded_.size(), static_cast<std::size_t>(elements)));
    values = direct ? values : decoded_.data();
    fetch(bytes_.data(), bytes);
    stored.decode(reinterpret_cast<const unsigned char*>(bytes_.data()), blocks,
                  static_cast<float*>(values));
  } else {
    values = direct ? values : bytes_.data();
    fetch(values, bytes);
  }
  check_finite(values, elements, type, piece.scalar_type(), file_.label(), tensor.name);
  if (!direct) {
    piece.copy_(at::from_blob(values, piece.sizes(), at::TensorOptions().dtype(type)));
  }
  if (tensor.form == StoredForm::plus_one) {
    piece.sub_(1.0);
  }
}

FileDigest WeightReader::finish() {
  skip_to(file_.size_bytes());
  return file_.finish();
}

}  // namespace souvenir
