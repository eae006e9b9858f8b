#include "harness/backend/load_weights.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "harness/backend/row_order.h"
#include "harness/error.h"

namespace souvenir {

namespace {

// Small enough for the digest, the check and the copy to find a piece still in the cache, and for
// libtorch not to wake its threads for every piece: waiting for each other took most of the time.
constexpr std::int64_t kPieceElements = std::int64_t{1} << 14U;
constexpr std::uint64_t kSkippedPieceBytes = std::uint64_t{1} << 16U;

at::ScalarType dtype_of(const std::string& name) {
  return name == "BF16" ? at::kBFloat16 : name == "F16" ? at::kHalf : at::kFloat;
}

// Returns a view of a tensor's place whose elements are in the order of the file.
at::Tensor in_file_order(const TensorPlan& plan, const DecoderSpec& spec, const at::Tensor& slot) {
  const std::int64_t rows = slot.size(0) / plan.parts;
  const at::Tensor place = slot.narrow(0, plan.part * rows, rows);
  if (plan.layout == Layout::heads_apart) {
    return place.view({-1, spec.head_dim});
  }
  if (plan.layout == Layout::transposed) {
    return place.t();
  }
  if (plan.layout == Layout::head_by_head) {
    std::vector<std::int64_t> parts = {3, spec.heads, spec.head_dim};
    if (place.dim() == 2) {
      parts.push_back(spec.hidden);
    }
    return place.view(parts).transpose(0, 1);
  }
  return place;
}

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

// ---- reading -----------------------------------------------------------------------------------

// Reads one file, tensor by tensor.
class ShardReader {
 public:
  explicit ShardReader(CheckpointFile& file) : file_(file) {}

  // Digests bytes that nobody needs.
  void skip(std::uint64_t bytes) {
    while (bytes > 0) {
      const auto piece = std::min(bytes, kSkippedPieceBytes);
      file_.read(buffer(static_cast<std::int64_t>(piece)), piece);
      bytes -= piece;
    }
  }

  void read(const StoredTensor& tensor, const at::Tensor& place) {
    const at::ScalarType stored = dtype_of(tensor.dtype);
    const std::int64_t rows = place.size(0);
    const std::int64_t row_elements = place.numel() / rows;
    const std::int64_t item = stored == at::kFloat ? 4 : 2;
    const std::int64_t step = std::max<std::int64_t>(1, kPieceElements / row_elements);
    for (std::int64_t row = 0; row < rows; row += step) {
      const at::Tensor piece = place.narrow(0, row, std::min(step, rows - row));
      const std::int64_t bytes = piece.numel() * item;
      const bool direct = piece.is_cpu() && piece.scalar_type() == stored && piece.is_contiguous();
      void* const to = direct ? piece.mutable_data_ptr() : buffer(bytes);
      file_.read(to, static_cast<std::size_t>(bytes));
      check_finite(to, piece.numel(), stored, place.scalar_type(), file_.label(), tensor.name);
      if (!direct) {
        piece.copy_(at::from_blob(to, piece.sizes(), at::TensorOptions().dtype(stored)));
      }
    }
  }

 private:
  void* buffer(std::int64_t bytes) {
    if (static_cast<std::int64_t>(buffer_.size()) < bytes) {
      buffer_.resize(static_cast<std::size_t>(bytes));
    }
    return buffer_.data();
  }

  CheckpointFile& file_;
  std::vector<char> buffer_;
};

// Makes head and embedding one where the file says so, or where both are there and equal. The
// reference library keeps a head that differs, whatever tie_word_embeddings says.
bool tie(const Blueprint& blueprint, DecoderWeights& weights) {
  if (blueprint.tied &&
      (!weights.head_weight.defined() || at::equal(weights.head_weight, weights.token_embedding))) {
    weights.head_weight = weights.token_embedding;
    return true;
  }
  return false;
}

// Multiplies the queries of each layer, instead of its attention scores.
void scale_queries(const Blueprint& blueprint, DecoderWeights& weights) {
  const std::int64_t query = blueprint.spec.heads * blueprint.spec.head_dim;
  for (std::size_t i = 0; i < blueprint.query_scales.size(); ++i) {
    DecoderLayerWeights& layer = weights.layers[i];
    layer.qkv_weight.narrow(0, 0, query).mul_(blueprint.query_scales[i]);
    layer.qkv_bias.narrow(0, 0, query).mul_(blueprint.query_scales[i]);
  }
}

void fill_with_ones(const Blueprint& blueprint, DecoderWeights& weights, at::Device device) {
  for (const TensorPlan& plan : blueprint.ones) {
    place_of(blueprint.spec, weights, plan.slot, plan.layer, at::kFloat, device).fill_(1.0);
  }
}

}  // namespace

LoadedWeights load_weights(const Blueprint& blueprint, const Match& match, Checkpoint& checkpoint,
                           at::ScalarType compute_dtype, at::Device device,
                           const Adapter* adapter) {
  std::unordered_map<std::string, const TensorPlan*> plans;
  for (const TensorPlan& plan : match.tensors) {
    plans.emplace(plan.name, &plan);
  }
  LoadedWeights loaded;
  loaded.weights.layers.resize(blueprint.spec.layers.size());
  const auto place = [&](const TensorPlan& plan) {
    return in_file_order(
        plan, blueprint.spec,
        place_of(blueprint.spec, loaded.weights, plan.slot, plan.layer, compute_dtype, device));
  };
  for (const Shard& shard : checkpoint.shards) {
    ShardReader reader(*shard.file);
    for (const StoredTensor& tensor : shard.header.tensors) {
      const auto plan = plans.find(tensor.name);
      if (plan == plans.end()) {
        reader.skip(tensor.end - tensor.begin);
      } else {
        reader.read(tensor, place(*plan->second));
      }
    }
    loaded.files.push_back(shard.file->finish());
  }
  if (adapter != nullptr) merge_adapter(*adapter, match.tensors, place);
  fill_with_ones(blueprint, loaded.weights, device);
  reorder_rows(blueprint, loaded.weights);
  scale_queries(blueprint, loaded.weights);
  loaded.tied = tie(blueprint, loaded.weights);
  return loaded;
}

}  // namespace souvenir
