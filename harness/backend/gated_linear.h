#pragma once

#include "harness/backend/aten.h"
#include "harness/backend/decoder.h"
#include "harness/backend/linear.h"
#include "harness/backend/paths.h"

namespace souvenir {

// The wide half of a gated MLP: activation(gate x) * (up x). One product where a kernel of ours
// multiplies and can pair them, else two, the second with the first's result as its factor.
//
// Threads  const methods are safe from any thread
// Exact    as Linear
class GatedLinear {
 public:
  GatedLinear() = default;

  //   gate, up  [out, in]; views may be kept
  //   biases    [out] or undefined
  GatedLinear(const at::Tensor& gate, const at::Tensor& gate_bias, const at::Tensor& up,
              const at::Tensor& up_bias, Activation activation, Packing packing);

  explicit operator bool() const { return pair_ || up_; }

  // Shape  x [rows, in], result [rows, out] in x's dtype
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  PackedWeight pair_;
  Linear gate_, up_;
  Activation activation_ = Activation::silu;
};

}  // namespace souvenir
