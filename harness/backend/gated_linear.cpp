#include "harness/backend/gated_linear.h"

namespace souvenir {
GatedLinear::GatedLinear(const at::Tensor& gate, const at::Tensor& gate_bias, const at::Tensor& up,
                         const at::Tensor& up_bias, Activation activation, Packing packing)
    : activation_(activation) {
  if (gate.is_cpu() && packing == Packing::when_possible && has_own_kernel(gate.scalar_type()) &&
      PackedWeight::can_pair(gate.size(0), activation)) {
    pair_ = PackedWeight::pair(gate, gate_bias, up, up_bias, activation);
    return;
  }
  gate_ = Linear(gate, gate_bias, packing);
  up_ = Linear(up, up_bias, packing);
}

at::Tensor GatedLinear::operator()(const at::Tensor& x) const {
  if (pair_) return pair_.multiply(x).to(x.scalar_type());
  return up_.times(x, gate_.activated(x, activation_));
}

}  // namespace souvenir
