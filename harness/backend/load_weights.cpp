#include "harness/backend/load_weights.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

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

// ---- places ------------------------------------------------------------------------------------

// Makes the decoder's tensors as the checkpoint's tensors ask for them, and gives each its view.
class Places {
 public:
  Places(const DecoderSpec& spec, DecoderWeights& weights, at::ScalarType dtype, at::Device device)
      : spec_(spec), weights_(weights), dtype_(dtype), device_(device) {
    weights_.layers.resize(spec_.layers.size());
  }

  // Returns a view of the place whose elements are in the order of the file.
  at::Tensor of(const TensorPlan& plan) {
    at::Tensor place = in_decoder(plan);
    if (plan.layout == Layout::transposed) {
      return place.t();
    }
    if (plan.layout == Layout::head_by_head) {
      std::vector<std::int64_t> parts = {3, spec_.heads, spec_.head_dim};
      if (place.dim() == 2) {
        parts.push_back(spec_.hidden);
      }
      return place.view(parts).transpose(0, 1);
    }
    return place;
  }

 private:
  at::Tensor& make(at::Tensor& tensor, at::IntArrayRef shape, at::ScalarType dtype) {
    if (!tensor.defined()) {
      tensor = at::empty(shape, at::TensorOptions().dtype(dtype).device(device_));
    }
    return tensor;
  }

  at::Tensor whole(at::Tensor& tensor, Slot slot) {
    return make(tensor, slot_shape(spec_, slot), dtype_);
  }

  at::Tensor norm(at::Tensor& tensor, Slot slot) {
    return make(tensor, slot_shape(spec_, slot), at::kFloat);
  }

  // Returns the rows of `slot` in a fused weight or bias: `before` rows stand above them.
  at::Tensor rows(at::Tensor& tensor, Slot slot, std::int64_t before, std::int64_t all) {
    std::vector<std::int64_t> shape = slot_shape(spec_, slot);
    const std::int64_t count = shape[0];
    shape[0] = all;
    return make(tensor, shape, dtype_).narrow(0, before, count);
  }

  at::Tensor in_decoder(const TensorPlan& plan) {
    switch (plan.slot) {
      case Slot::token_embedding:
        return whole(weights_.token_embedding, plan.slot);
      case Slot::position_embedding:
        return whole(weights_.position_embedding, plan.slot);
      case Slot::head_weight:
        return whole(weights_.head_weight, plan.slot);
      case Slot::final_norm_weight:
        return norm(weights_.final_norm_weight, plan.slot);
      case Slot::final_norm_bias:
        return norm(weights_.final_norm_bias, plan.slot);
      default:
        return in_layer(weights_.layers[static_cast<std::size_t>(plan.layer)], plan.slot);
    }
  }

  at::Tensor in_layer(DecoderLayerWeights& layer, Slot slot) {
    switch (slot) {
      case Slot::attention_norm_weight:
        return norm(layer.attention_norm_weight, slot);
      case Slot::attention_norm_bias:
        return norm(layer.attention_norm_bias, slot);
      case Slot::query_norm_weight:
        return norm(layer.query_norm_weight, slot);
      case Slot::key_norm_weight:
        return norm(layer.key_norm_weight, slot);
      case Slot::attention_post_norm_weight:
        return norm(layer.attention_post_norm_weight, slot);
      case Slot::mlp_norm_weight:
        return norm(layer.mlp_norm_weight, slot);
      case Slot::mlp_norm_bias:
        return norm(layer.mlp_norm_bias, slot);
      case Slot::mlp_post_norm_weight:
        return norm(layer.mlp_post_norm_weight, slot);
      case Slot::output_weight:
        return whole(layer.output_weight, slot);
      case Slot::output_bias:
        return whole(layer.output_bias, slot);
      case Slot::down_weight:
        return whole(layer.down_weight, slot);
      case Slot::down_bias:
        return whole(layer.down_bias, slot);
      default:
        return in_fused(layer, slot);
    }
  }

  at::Tensor in_fused(DecoderLayerWeights& layer, Slot slot) {
    const std::int64_t query = spec_.heads * spec_.head_dim;
    const std::int64_t key = spec_.key_value_heads * spec_.head_dim;
    const std::int64_t qkv = query + 2 * key;
    const std::int64_t inner = spec_.intermediate;
    const std::int64_t mlp = spec_.gated_mlp ? 2 * inner : inner;
    switch (slot) {
      case Slot::qkv_weight:
      case Slot::query_weight:
        return rows(layer.qkv_weight, slot, 0, qkv);
      case Slot::key_weight:
        return rows(layer.qkv_weight, slot, query, qkv);
      case Slot::value_weight:
        return rows(layer.qkv_weight, slot, query + key, qkv);
      case Slot::qkv_bias:
      case Slot::query_bias:
        return rows(layer.qkv_bias, slot, 0, qkv);
      case Slot::key_bias:
        return rows(layer.qkv_bias, slot, query, qkv);
      case Slot::value_bias:
        return rows(layer.qkv_bias, slot, query + key, qkv);
      case Slot::gate_weight:
        return rows(layer.gate_up_weight, slot, 0, mlp);
      case Slot::up_weight:
        return rows(layer.gate_up_weight, slot, mlp - inner, mlp);
      case Slot::gate_bias:
        return rows(layer.gate_up_bias, slot, 0, mlp);
      case Slot::up_bias:
        return rows(layer.gate_up_bias, slot, mlp - inner, mlp);
      default:
        throw Error(ErrorKind::internal, "a slot without a place");
    }
  }

  const DecoderSpec& spec_;
  DecoderWeights& weights_;
  at::ScalarType dtype_;
  at::Device device_;
};

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

}  // namespace

LoadedWeights load_weights(const Blueprint& blueprint, const Match& match, Checkpoint& checkpoint,
                           at::ScalarType compute_dtype, at::Device device) {
  std::unordered_map<std::string, const TensorPlan*> plans;
  for (const TensorPlan& plan : match.tensors) {
    plans.emplace(plan.name, &plan);
  }
  LoadedWeights loaded;
  Places places(blueprint.spec, loaded.weights, compute_dtype, device);
  for (const Shard& shard : checkpoint.shards) {
    ShardReader reader(*shard.file);
    for (const StoredTensor& tensor : shard.header.tensors) {
      const auto plan = plans.find(tensor.name);
      if (plan == plans.end()) {
        reader.skip(tensor.end - tensor.begin);
      } else {
        reader.read(tensor, places.of(*plan->second));
      }
    }
    loaded.files.push_back(shard.file->finish());
  }
  for (std::size_t layer = 0; layer < blueprint.query_scales.size(); ++layer) {
    const std::int64_t query = blueprint.spec.heads * blueprint.spec.head_dim;
    DecoderLayerWeights& weights = loaded.weights.layers[layer];
    weights.qkv_weight.narrow(0, 0, query).mul_(blueprint.query_scales[layer]);
    weights.qkv_bias.narrow(0, 0, query).mul_(blueprint.query_scales[layer]);
  }
  loaded.tied = tie(blueprint, loaded.weights);
  return loaded;
}

}  // namespace souvenir
