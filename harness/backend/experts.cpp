#include "harness/backend/experts.h"

#include <algorithm>
#include <bit>

#include "harness/backend/kernels/kernels.h"

namespace souvenir {
namespace {

// Repeats the last row.
at::Tensor fill_up(const at::Tensor& rows) {
  const std::int64_t count = rows.size(0), more = rows_of_an_expert(count) - count;
  return more == 0 ? rows : at::cat({rows, rows.narrow(0, count - 1, 1).expand({more})});
}

}  // namespace

std::int64_t rows_of_an_expert(std::int64_t rows) {
  const auto power = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(rows)));
  return kernels::round_up(rows, std::max<std::int64_t>(power / 8, 1));
}

Experts::Expert Experts::make(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& down,
                              Packing packing) const {
  return {.middle = GatedLinear(gate, {}, up, {}, activation_, packing),
          .down = Linear(down, {}, packing)};
}

Experts::Experts(const DecoderSpec& spec, DecoderLayerWeights& weights, Packing packing)
    : spec_(spec.experts),
      activation_(spec.activation),
      round_rows_(wants_round_rows(weights.expert_down_weight.scalar_type(), packing)),
      router_(weights.router_weight.to(at::kFloat), {}, packing) {
  const std::int64_t inner = spec_.intermediate, hidden = spec.hidden;
  for (std::int64_t i = 0; i < spec_.count; ++i) {
    experts_.push_back(
        make(weights.expert_gate_up_weight.narrow(0, i * inner, inner),
             weights.expert_gate_up_weight.narrow(0, (spec_.count + i) * inner, inner),
             weights.expert_down_weight.narrow(0, i * hidden, hidden), packing));
  }
  weights.expert_gate_up_weight.reset();
  weights.expert_down_weight.reset();
  if (spec_.shared > 0) {
    shared_ = make(weights.shared_gate_up_weight.narrow(0, 0, spec_.shared),
                   weights.shared_gate_up_weight.narrow(0, spec_.shared, spec_.shared),
                   weights.shared_down_weight, packing);
    shared_gate_ = weights.shared_gate_weight;
  }
}

at::Tensor Experts::Expert::operator()(const at::Tensor& x) const { return down(middle(x)); }

at::Tensor Experts::operator()(const at::Tensor& x) const {
  const at::Tensor wide = x.to(at::kFloat);
  auto [shares, chosen] = at::topk(at::softmax(router_(wide), -1), spec_.chosen, -1);
  if (spec_.normalised) shares = shares / shares.sum(-1, true);
  at::Tensor out = at::zeros(x.sizes(), x.options().dtype(at::kFloat));
  for (std::int64_t i = 0; i < spec_.count; ++i) {
    const at::Tensor places = at::nonzero(chosen == i);  // [rows of this expert, (row, place)]
    if (places.size(0) == 0) continue;
    const at::Tensor rows = places.select(1, 0);
    const at::Tensor share = shares.index({rows, places.select(1, 1)}).unsqueeze(1);
    const at::Tensor seen = x.index_select(0, round_rows_ ? fill_up(rows) : rows);
    const at::Tensor answer = experts_[static_cast<std::size_t>(i)](seen);
    out.index_add_(0, rows, answer.narrow(0, 0, rows.size(0)).to(at::kFloat).mul_(share));
  }
  if (spec_.shared > 0) {
    const at::Tensor open = at::sigmoid((wide * shared_gate_.to(at::kFloat)).sum(1, true));
    out.add_(shared_(x).to(at::kFloat).mul_(open));
  }
  return out.to(x.scalar_type());
}

}  // namespace souvenir
