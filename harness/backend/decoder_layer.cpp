#include "harness/backend/decoder_layer.h"

#include <algorithm>
#include <utility>

namespace souvenir {
namespace {

// Rows of the feed-forward part at a time, so that its wide middle stays small: a fixed number, for
// results must not depend on the machine's memory.
constexpr std::int64_t kMiddleBytes = 16 << 20;

at::Tensor norm_weight(const DecoderSpec& spec, const at::Tensor& weight) {
  return weight.defined() ? NormLayer(spec, weight, {}).weight : weight;
}

at::Tensor part(const at::Tensor& t, std::int64_t first, std::int64_t count) {
  return t.defined() ? t.narrow(0, first, count) : t;
}

}  // namespace

NormLayer norm_or_none(const DecoderSpec& spec, const at::Tensor& weight, const at::Tensor& bias) {
  return weight.defined() ? NormLayer(spec, weight, bias) : NormLayer();
}

DecoderLayer::DecoderLayer(const DecoderSpec& spec, const DecoderLayerSpec& layer,
                           DecoderLayerWeights w, const DecoderPaths& paths)
    : spec_(spec),
      paths_(paths),
      dtype_(w.qkv_weight.scalar_type()),
      attention_norm_(norm_or_none(spec, w.attention_norm_weight, w.attention_norm_bias)),
      attention_post_norm_(norm_or_none(spec, w.attention_post_norm_weight, {})),
      mlp_norm_(norm_or_none(spec, w.mlp_norm_weight, w.mlp_norm_bias)),
      mlp_post_norm_(norm_or_none(spec, w.mlp_post_norm_weight, {})),
      rope_(layer.rope) {
  heads_ = {spec.heads,
            spec.key_value_heads,
            spec.head_dim,
            spec.rotary_dim,
            norm_weight(spec, w.query_norm_weight),
            norm_weight(spec, w.key_norm_weight),
            spec.query_key_norm,
            spec.norm_epsilon,
            spec.norm == Norm::layer_norm,
            spec.query_key_value_clip};
  shape_ = {spec.heads,           spec.key_value_heads, spec.head_dim,
            spec.attention_scale, layer.window,         spec.attention_cap};
  qkv_ = Linear(std::move(w.qkv_weight), std::move(w.qkv_bias), paths.packing);
  output_ = Linear(std::move(w.output_weight), std::move(w.output_bias), paths.packing);
  set_mlp(layer, w);
}

void DecoderLayer::set_mlp(const DecoderLayerSpec& layer, DecoderLayerWeights& w) {
  if (layer.sparse) {
    experts_ = Experts(spec_, w, paths_.packing);
    return;
  }
  if (spec_.gated_mlp) {
    const std::int64_t n = spec_.intermediate;
    gated_ = GatedLinear(part(w.gate_up_weight, 0, n), part(w.gate_up_bias, 0, n),
                         part(w.gate_up_weight, n, n), part(w.gate_up_bias, n, n), spec_.activation,
                         paths_.packing);
    w.gate_up_weight.reset();
  } else {
    up_ = Linear(std::move(w.gate_up_weight), std::move(w.gate_up_bias), paths_.packing);
  }
  down_ = Linear(std::move(w.down_weight), std::move(w.down_bias), paths_.packing);
}

at::Tensor DecoderLayer::mix(const at::Tensor& x, const PackedTokens& tokens,
                             const Placement& placement, KeyValueCache::Layer* cache) const {
  const at::Tensor qkv = qkv_(x);
  const RopeTable* rope = rope_ < 0 ? nullptr : &placement.ropes[static_cast<std::size_t>(rope_)];
  heads_.apply(qkv, rope, paths_.rows);
  return attend(qkv, tokens.segments, shape_, cache, paths_.attention, placement.bias);
}

at::Tensor DecoderLayer::mlp(const at::Tensor& x) const {
  if (experts_) return experts_(x);
  const auto middle = [&](const at::Tensor& rows) {
    return gated_ ? gated_(rows) : up_.activated(rows, spec_.activation);
  };
  const std::int64_t row_bytes =
      spec_.intermediate * static_cast<std::int64_t>(c10::elementSize(dtype_));
  const std::int64_t step = std::max<std::int64_t>(kMiddleBytes / row_bytes, 256);
  if (x.size(0) <= step) return down_(middle(x));
  const at::Tensor out = at::empty_like(x);
  for (std::int64_t first = 0; first < x.size(0); first += step) {
    const std::int64_t count = std::min(step, x.size(0) - first);
    out.narrow(0, first, count).copy_(down_(middle(x.narrow(0, first, count))));
  }
  return out;
}

// Adds `delta` to the residual stream, and returns what attention sees of it.
at::Tensor DecoderLayer::before_attention(at::Tensor& residual, const at::Tensor& delta) const {
  if (spec_.block == Block::post || spec_.block == Block::after) {
    if (delta.defined()) residual.add_(delta);
    return residual.to(dtype_);
  }
  return attention_norm_.add(residual, delta, dtype_, paths_.rows);
}

// Adds what attention found to the residual stream, and returns what the MLP sees of it; where both
// see the same, an undefined tensor.
at::Tensor DecoderLayer::before_mlp(at::Tensor& residual, const at::Tensor& attended) const {
  switch (spec_.block) {
    case Block::parallel: {
      const at::Tensor x = mlp_norm_.add(residual, {}, dtype_, paths_.rows);
      residual.add_(attended);
      return x;
    }
    case Block::parallel_shared:
      residual.add_(attended);
      return {};
    case Block::post:
      residual.add_(attended);
      return residual.to(dtype_);
    case Block::after:
      residual = attention_norm_.add(residual, attended, at::kFloat, paths_.rows);
      return residual.to(dtype_);
    case Block::pre:
    case Block::sandwich:
      break;
  }
  return mlp_norm_.add(residual, attended, dtype_, paths_.rows);
}

void DecoderLayer::operator()(ResidualStream& stream, const PackedTokens& tokens,
                              const Placement& placement, const at::Tensor& wanted,
                              KeyValueCache::Layer* cache) const {
  const bool post = spec_.block == Block::sandwich || spec_.block == Block::post;
  at::Tensor& residual = stream.residual;
  at::Tensor x = before_attention(residual, stream.delta);
  stream.delta.reset();
  at::Tensor mixed = mix(x, tokens, placement, cache);
  if (wanted.defined()) {
    mixed = mixed.index_select(0, wanted);
    residual = residual.index_select(0, wanted);
    if (spec_.block == Block::parallel_shared) x = x.index_select(0, wanted);
  }
  at::Tensor attended = output_(mixed);
  if (post) attended = attention_post_norm_(attended, paths_.rows);
  if (spec_.residual_scale != 1.0) attended.mul_(spec_.residual_scale);
  const at::Tensor seen = before_mlp(residual, attended);
  stream.delta = mlp(seen.defined() ? seen : x);
  if (post) stream.delta = mlp_post_norm_(stream.delta, paths_.rows);
  if (spec_.residual_scale != 1.0) stream.delta.mul_(spec_.residual_scale);
  if (spec_.block == Block::after) {
    residual = mlp_norm_.add(residual, stream.delta, at::kFloat, paths_.rows);
    stream.delta.reset();
  }
}

}  // namespace souvenir
