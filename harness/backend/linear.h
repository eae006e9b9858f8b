#pragma once

#include <cstdint>

#include "harness/backend/aten.h"
#include "harness/backend/decoder.h"
#include "harness/backend/paths.h"

namespace souvenir {

// Multiplies rows by a weight: y = x w^T + b, and what often follows, in one pass where possible.
//
// On the CPU the weight is packed once for oneDNN, which is reached through the dispatcher under
// private names; where those are missing, and on every other device, the same is asked of ATen.
// Takes the weight over; once packed the original is released, so that only one tensor is ever held
// twice.
//
// A CPU without instructions for a 16-bit dtype multiplies it one number at a time. There the
// weight is kept as it is and widened to float32 piece by piece in each product of more than a few
// rows. The result is rounded once, after what follows, as oneDNN rounds where there are
// instructions.
//
// Threads  const methods are safe from any thread
// Exact    a row's result does not depend on the other rows, where oneDNN sums every row alike;
//          see one_row in linear.cpp for the case in which it does not
class Linear {
 public:
  Linear() = default;

  //   weight  [out, in]
  //   bias    [out] or undefined
  Linear(at::Tensor weight, at::Tensor bias, Packing packing = Packing::when_possible);

  explicit operator bool() const { return weight_.defined(); }
  bool packed() const { return packed_; }
  bool widened() const { return widened_; }
  std::int64_t outputs() const { return outputs_; }

  // Shape  x [rows, in], result [rows, out]
  at::Tensor operator()(const at::Tensor& x) const;

  // Returns activation(this(x)).
  at::Tensor activated(const at::Tensor& x, Activation activation) const;

  // Returns this(x) * other. May overwrite `other`.
  at::Tensor times(const at::Tensor& x, const at::Tensor& other) const;

 private:
  at::Tensor unpacked(const at::Tensor& x) const;  // in float32 where the weight is widened

  at::Tensor weight_, bias_;
  std::int64_t outputs_ = 0;
  bool packed_ = false;
  bool widened_ = false;
};

// Returns whether weights of this dtype are packed on this machine's CPU.
bool can_pack(at::ScalarType dtype);

// Returns whether oneDNN is there and has no kernels for this 16-bit dtype on this machine's CPU.
bool lacks_instructions(at::ScalarType dtype);

}  // namespace souvenir
