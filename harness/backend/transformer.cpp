#include "harness/backend/transformer.h"

#include <algorithm>
#include <utility>

#include "harness/backend/alibi.h"
#include "harness/backend/kernels/kernels.h"

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

// Marks the rows of sequences for which a rope has other frequencies; undefined if there are none.
at::Tensor rows_beyond(const Rope& rope, const PackedTokens& tokens) {
  at::Tensor rows;
  for (const Segment& s : tokens.segments) {
    if (rope.beyond.empty() || std::max(s.length, s.past + s.tokens) <= rope.beyond_tokens)
      continue;
    if (!rows.defined()) rows = at::zeros(tokens.ids.sizes(), at::TensorOptions(at::kBool));
    rows.narrow(0, s.begin, s.tokens).fill_(true);
  }
  return rows.defined() ? rows.to(tokens.ids.device()) : rows;
}

// Returns  [heads, positions of the longest sequence, rounded up as the kernel reads them] float32
at::Tensor key_bias(const Alibi& alibi, const PackedTokens& tokens) {
  std::int64_t positions = 1;
  for (const Segment& s : tokens.segments) positions = std::max(positions, s.past + s.tokens);
  positions = kernels::round_up(positions, kernels::kPanelAlign);
  return alibi_bias(alibi, positions).to(tokens.ids.device());
}

}  // namespace

Transformer::Transformer(const DecoderSpec& spec, DecoderWeights& weights,
                         const DecoderPaths& paths)
    : spec_(spec),
      paths_(paths),
      embedding_(weights.token_embedding),
      positions_(std::move(weights.position_embedding)),
      embedding_norm_(
          norm_or_none(spec, weights.embedding_norm_weight, weights.embedding_norm_bias)),
      final_norm_(norm_or_none(spec, weights.final_norm_weight, weights.final_norm_bias)) {
  if (weights.project_in.defined()) {
    project_in_ = Linear(std::move(weights.project_in), {}, paths.packing);
    project_out_ = Linear(weights.project_out.to(at::kFloat), {}, paths.packing);
    weights.project_out.reset();
  }
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
                 spec_.query_key_norm,
                 spec_.norm_epsilon,
                 spec_.norm == Norm::layer_norm,
                 spec_.query_key_value_clip};
  layer.shape = {spec_.heads,           spec_.key_value_heads, spec_.head_dim,
                 spec_.attention_scale, spec.window,           spec_.attention_cap};
  layer.rope = spec.rope;
  layer.qkv = Linear(std::move(w.qkv_weight), std::move(w.qkv_bias), paths_.packing);
  layer.output = Linear(std::move(w.output_weight), std::move(w.output_bias), paths_.packing);
  set_mlp(layer, spec, w);
  return layer;
}

void Transformer::set_mlp(Layer& layer, const DecoderLayerSpec& spec,
                          DecoderLayerWeights& w) const {
  if (spec.sparse) {
    layer.experts = Experts(spec_, w, paths_.packing);
    return;
  }
  if (spec_.gated_mlp) {
    const std::int64_t n = spec_.intermediate;
    layer.gate = Linear(part(w.gate_up_weight, 0, n), part(w.gate_up_bias, 0, n), paths_.packing);
    layer.up = Linear(part(w.gate_up_weight, n, n), part(w.gate_up_bias, n, n), paths_.packing);
    w.gate_up_weight.reset();
  } else {
    layer.up = Linear(std::move(w.gate_up_weight), std::move(w.gate_up_bias), paths_.packing);
  }
  layer.down = Linear(std::move(w.down_weight), std::move(w.down_bias), paths_.packing);
}

at::Tensor Transformer::embed(const PackedTokens& tokens) const {
  at::Tensor x = embedding_.index_select(0, tokens.ids);
  x = (project_in_ ? project_in_(x) : x).to(at::kFloat);
  if (spec_.embedding_scale_rounded) {
    const at::Tensor scale = at::scalar_tensor(spec_.embedding_scale, at::kDouble);
    x.mul_(scale.to(dtype()).to(at::kFloat).to(device()));
  } else if (spec_.embedding_scale != 1.0) {
    x.mul_(spec_.embedding_scale);
  }
  if (spec_.learned_positions)
    x.add_(positions_.index_select(0, tokens.positions + spec_.position_offset).to(at::kFloat));
  return spec_.embedding_norm ? embedding_norm_(x, paths_.rows) : x;
}

Transformer::Placement Transformer::place(const PackedTokens& tokens) const {
  Placement placement;
  for (const Rope& rope : spec_.ropes)
    placement.ropes.push_back(make_rope_table(rope, tokens.positions, rows_beyond(rope, tokens)));
  if (spec_.alibi) placement.bias = key_bias(*spec_.alibi, tokens);
  return placement;
}

at::Tensor Transformer::mix(const Layer& layer, const at::Tensor& x, const PackedTokens& tokens,
                            const Placement& placement, KeyValueCache::Layer* cache) const {
  const at::Tensor qkv = layer.qkv(x);
  const RopeTable* rope =
      layer.rope < 0 ? nullptr : &placement.ropes[static_cast<std::size_t>(layer.rope)];
  layer.heads.apply(qkv, rope, paths_.rows);
  return attend(qkv, tokens.segments, layer.shape, cache, paths_.attention, placement.bias);
}

at::Tensor Transformer::mlp(const Layer& layer, const at::Tensor& x) const {
  if (layer.experts) return layer.experts(x);
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

// Adds `delta` to the residual stream, and returns what attention sees of it.
at::Tensor Transformer::before_attention(const Layer& layer, at::Tensor& residual,
                                         const at::Tensor& delta) const {
  if (spec_.block == Block::post || spec_.block == Block::after) {
    if (delta.defined()) residual.add_(delta);
    return residual.to(dtype());
  }
  return layer.attention_norm.add(residual, delta, dtype(), paths_.rows);
}

// Adds what attention found to the residual stream, and returns what the MLP sees of it; where both
// see the same, an undefined tensor.
at::Tensor Transformer::before_mlp(const Layer& layer, at::Tensor& residual,
                                   const at::Tensor& attended) const {
  switch (spec_.block) {
    case Block::parallel: {
      const at::Tensor x = layer.mlp_norm.add(residual, {}, dtype(), paths_.rows);
      residual.add_(attended);
      return x;
    }
    case Block::parallel_shared:
      residual.add_(attended);
      return {};
    case Block::post:
      residual.add_(attended);
      return residual.to(dtype());
    case Block::after:
      residual = layer.attention_norm.add(residual, attended, at::kFloat, paths_.rows);
      return residual.to(dtype());
    case Block::pre:
    case Block::sandwich:
      break;
  }
  return layer.mlp_norm.add(residual, attended, dtype(), paths_.rows);
}

at::Tensor Transformer::forward(const PackedTokens& tokens, const at::Tensor& wanted,
                                KeyValueCache* cache) const {
  const Placement placement = place(tokens);
  const bool post = spec_.block == Block::sandwich || spec_.block == Block::post;
  at::Tensor residual = embed(tokens);
  at::Tensor delta;  // what the last part added, not yet in `residual`
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    at::Tensor x = before_attention(layer, residual, delta);
    at::Tensor mixed =
        mix(layer, x, tokens, placement, cache == nullptr ? nullptr : &cache->layer(i));
    if (i + 1 == layers_.size()) {  // nothing looks at the other rows any more
      mixed = mixed.index_select(0, wanted);
      residual = residual.index_select(0, wanted);
      if (spec_.block == Block::parallel_shared) x = x.index_select(0, wanted);
    }
    at::Tensor attended = layer.output(mixed);
    if (post) attended = layer.attention_post_norm(attended, paths_.rows);
    if (spec_.residual_scale != 1.0) attended.mul_(spec_.residual_scale);
    const at::Tensor seen = before_mlp(layer, residual, attended);
    delta = mlp(layer, seen.defined() ? seen : x);
    if (post) delta = layer.mlp_post_norm(delta, paths_.rows);
    if (spec_.residual_scale != 1.0) delta.mul_(spec_.residual_scale);
    if (spec_.block == Block::after) {
      residual = layer.mlp_norm.add(residual, delta, at::kFloat, paths_.rows);
      delta.reset();
    }
  }
  return finish(residual, delta);
}

at::Tensor Transformer::finish(const at::Tensor& residual, const at::Tensor& delta) const {
  at::Tensor x = residual;
  if (spec_.final_norm) {
    x = final_norm_.add(residual, delta, at::kFloat, paths_.rows);
  } else if (delta.defined()) {
    x.add_(delta);
  }
  if (project_out_) x = project_out_(x);
  return spec_.logit_scale != 1.0 ? x.mul_(spec_.logit_scale) : x;
}

}  // namespace souvenir
