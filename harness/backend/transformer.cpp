#include "harness/backend/transformer.h"

#include <algorithm>
#include <utility>

namespace souvenir {
namespace {

// Rows of the feed-forward part at a time, so that its wide middle stays small: a fixed number, for
// results must not depend on the machine's memory.
constexpr std::int64_t kMiddleBytes = 16 << 20;

NormLayer norm_or_none(const DecoderSpec& spec, const at::Tensor& weight, const at::Tensor& bias) {
  return weight.defined() ? NormLayer(spec, weight, bias) : NormLayer();
}

at::Tensor norm_weight(const DecoderSpec& spec, const at::Tensor& weight) {
  return weight.defined() ? NormLayer(spec, weight, {}).weight : weight;
}

at::Tensor part(const at::Tensor& t, std::int64_t first, std::int64_t count) {
  return t.defined() ? t.narrow(0, first, count).contiguous() : t;
}

}  // namespace

Transformer::Transformer(const DecoderSpec& spec, DecoderWeights& weights,
                         const DecoderPaths& paths)
    : spec_(spec),
      paths_(paths),
      embedding_(weights.token_embedding),
      positions_(std::move(weights.position_embedding)),
      final_norm_(spec, weights.final_norm_weight, weights.final_norm_bias) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i)
    layers_.push_back(make_layer(spec.layers[i], std::move(weights.layers[i])));
}

Transformer::Layer Transformer::make_layer(const DecoderLayerSpec& spec,
                                           DecoderLayerWeights w) const {
  Layer layer;
  layer.attention_norm = norm_or_none(spec_, w.attention_norm_weight, w.attention_norm_bias);
  layer.attention_post_norm = norm_or_none(spec_, w.attention_post_norm_weight, {});
  layer.mlp_norm = norm_or_none(spec_, w.mlp_norm_weight, w.mlp_norm_bias);
  layer.mlp_post_norm = norm_or_none(spec_, w.mlp_post_norm_weight, {});
  layer.heads = {spec_.heads,
                 spec_.key_value_heads,
                 spec_.head_dim,
                 spec_.rotary_dim,
                 norm_weight(spec_, w.query_norm_weight),
                 norm_weight(spec_, w.key_norm_weight),
                 spec_.norm_epsilon,
                 spec_.norm == Norm::layer_norm};
  layer.shape = {spec_.heads, spec_.key_value_heads, spec_.head_dim, spec_.attention_scale,
                 spec.window};
  layer.rope = spec.rope;
  layer.qkv = Linear(std::move(w.qkv_weight), std::move(w.qkv_bias), paths_.packing);
  layer.output = Linear(std::move(w.output_weight), std::move(w.output_bias), paths_.packing);
  if (spec_.gated_mlp) {
    const std::int64_t n = spec_.intermediate;
    layer.gate = Linear(part(w.gate_up_weight, 0, n), part(w.gate_up_bias, 0, n), paths_.packing);
    layer.up = Linear(part(w.gate_up_weight, n, n), part(w.gate_up_bias, n, n), paths_.packing);
    w.gate_up_weight.reset();
  } else {
    layer.up = Linear(std::move(w.gate_up_weight), std::move(w.gate_up_bias), paths_.packing);
  }
  layer.down = Linear(std::move(w.down_weight), std::move(w.down_bias), paths_.packing);
  return layer;
}

at::Tensor Transformer::embed(const PackedTokens& tokens) const {
  at::Tensor x = embedding_.index_select(0, tokens.ids).to(at::kFloat);
  if (spec_.embedding_scale != 1.0) {
    const at::Tensor scale = at::scalar_tensor(spec_.embedding_scale, at::kDouble);
    x.mul_(scale.to(dtype()).to(at::kFloat).to(device()));
  }
  if (spec_.learned_positions) x.add_(positions_.index_select(0, tokens.positions).to(at::kFloat));
  return x;
}

at::Tensor Transformer::mix(const Layer& layer, const at::Tensor& x, const PackedTokens& tokens,
                            const std::vector<RopeTable>& ropes,
                            KeyValueCache::Layer* cache) const {
  const at::Tensor qkv = layer.qkv(x);
  const RopeTable* rope = layer.rope < 0 ? nullptr : &ropes[static_cast<std::size_t>(layer.rope)];
  layer.heads.apply(qkv, rope, paths_.rows);
  return attend(qkv, tokens.segments, layer.shape, cache, paths_.attention);
}

at::Tensor Transformer::mlp(const Layer& layer, const at::Tensor& x) const {
  const auto middle = [&](const at::Tensor& rows) {
    if (!layer.gate) return layer.up.activated(rows, spec_.activation);
    return layer.up.times(rows, layer.gate.activated(rows, spec_.activation));
  };
  const std::int64_t row_bytes =
      spec_.intermediate * static_cast<std::int64_t>(c10::elementSize(dtype()));
  const std::int64_t step = std::max<std::int64_t>(kMiddleBytes / row_bytes, 256);
  if (x.size(0) <= step) return layer.down(middle(x));
  const at::Tensor out = at::empty_like(x);
  for (std::int64_t first = 0; first < x.size(0); first += step) {
    const std::int64_t count = std::min(step, x.size(0) - first);
    out.narrow(0, first, count).copy_(layer.down(middle(x.narrow(0, first, count))));
  }
  return out;
}

at::Tensor Transformer::forward(const PackedTokens& tokens, const at::Tensor& wanted,
                                KeyValueCache* cache) const {
  std::vector<RopeTable> ropes;
  for (const Rope& rope : spec_.ropes) ropes.push_back(make_rope_table(rope, tokens.positions));
  at::Tensor residual = embed(tokens);
  at::Tensor delta;  // what the last part added, not yet in `residual`
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    at::Tensor x = layer.attention_norm.add(residual, delta, dtype(), paths_.rows);
    at::Tensor mixed = mix(layer, x, tokens, ropes, cache == nullptr ? nullptr : &cache->layer(i));
    if (i + 1 == layers_.size()) {  // nothing looks at the other rows any more
      mixed = mixed.index_select(0, wanted);
      residual = residual.index_select(0, wanted);
    }
    at::Tensor attended = layer.output(mixed);
    if (spec_.block == Block::sandwich) attended = layer.attention_post_norm(attended, paths_.rows);
    if (spec_.block == Block::parallel) {
      x = layer.mlp_norm.add(residual, {}, dtype(), paths_.rows);
      residual.add_(attended);
    } else {
      x = layer.mlp_norm.add(residual, attended, dtype(), paths_.rows);
    }
    delta = mlp(layer, x);
    if (spec_.block == Block::sandwich) delta = layer.mlp_post_norm(delta, paths_.rows);
  }
  return final_norm_.add(residual, delta, at::kFloat, paths_.rows);
}

}  // namespace souvenir
