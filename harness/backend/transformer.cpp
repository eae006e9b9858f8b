#include "harness/backend/transformer.h"

#include <algorithm>
#include <utility>

#include "harness/backend/alibi.h"
#include "harness/backend/kernels/kernels.h"

namespace souvenir {
namespace {

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
                         const DecoderPaths& paths, ReadLayer read)
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
  layers_ = read ? layers_read_each_time(spec_, std::move(read), paths)
                 : layers_in_memory(spec_, weights.layers, paths);
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

Placement Transformer::place(const PackedTokens& tokens) const {
  Placement placement;
  for (const Rope& rope : spec_.ropes)
    placement.ropes.push_back(make_rope_table(rope, tokens.positions, rows_beyond(rope, tokens)));
  if (spec_.alibi) placement.bias = key_bias(*spec_.alibi, tokens);
  return placement;
}

std::vector<at::Tensor> Transformer::forward(std::span<const ForwardInput> inputs,
                                             const std::function<bool(double share)>& go_on) const {
  std::vector<Placement> placements;
  std::vector<ResidualStream> streams;
  for (const ForwardInput& input : inputs) {
    placements.push_back(place(input.tokens));
    streams.push_back({embed(input.tokens), {}});
  }
  const auto parts = static_cast<double>(spec_.layers.size() * inputs.size());
  const bool finished = layers_->each([&](std::size_t index, const DecoderLayer& layer) {
    const bool last = index + 1 == spec_.layers.size();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!go_on(static_cast<double>(index * inputs.size() + i) / parts)) return false;
      const ForwardInput& input = inputs[i];
      layer(streams[i], input.tokens, placements[i], last ? input.wanted : at::Tensor(),
            input.cache == nullptr ? nullptr : &input.cache->layer(index));
    }
    return true;
  });
  if (!finished) return {};
  std::vector<at::Tensor> hidden;
  for (ResidualStream& stream : streams) {
    hidden.push_back(finish(stream));
    stream = {};
  }
  return hidden;
}

at::Tensor Transformer::forward(const PackedTokens& tokens, const at::Tensor& wanted,
                                KeyValueCache* cache) const {
  const ForwardInput input{tokens, wanted, cache};
  return forward(std::span(&input, 1), [](double) { return true; }).front();
}

at::Tensor Transformer::finish(const ResidualStream& stream) const {
  at::Tensor x = stream.residual;
  if (spec_.final_norm) {
    x = final_norm_.add(stream.residual, stream.delta, at::kFloat, paths_.rows);
  } else if (stream.delta.defined()) {
    x.add_(stream.delta);
  }
  if (project_out_) x = project_out_(x);
  return spec_.logit_scale != 1.0 ? x.mul_(spec_.logit_scale) : x;
}

}  // namespace souvenir
