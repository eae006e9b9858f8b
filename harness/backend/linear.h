#pragma once

#include <cstdint>

#include "harness/backend/aten.h"
#include "harness/backend/decoder.h"
#include "harness/backend/packed_weight.h"
#include "harness/backend/paths.h"

namespace souvenir {

// Multiplies rows by a weight: y = x w^T + b, and what often follows, in one pass where possible.
//
// On the CPU the weight is packed once: for a kernel of ours where that is faster, or oneDNN has
// none (packed_weight.h), else for oneDNN, which is reached through the dispatcher under private
// names. Where those are missing, and on every other device, the same is asked of ATen. Takes the
// weight over; once packed the original is released, so that only one tensor is ever held twice.
//
// Threads  const methods are safe from any thread
// Exact    by our kernel a row's result does not depend on the other rows; by oneDNN, where it sums
//          every row alike (see one_row in linear.cpp for the case in which it does not). ATen
//          promises nothing
class Linear {
 public:
  Linear() = default;

  //   weight  [out, in]
  //   bias    [out] or undefined
  Linear(at::Tensor weight, at::Tensor bias, Packing packing = Packing::when_possible);

  explicit operator bool() const { return panels_ || weight_.defined(); }
  bool packed() const { return for_one_dnn_ || panels_; }
  // Whether the weight is in 16 bits and products are in float32, rounded once after what follows.
  bool widened() const { return panels_ && panels_.dtype() != at::kFloat; }
  std::int64_t outputs() const { return outputs_; }

  // Shape  x [rows, in], result [rows, out]
  at::Tensor operator()(const at::Tensor& x) const;

  // Returns activation(this(x)).
  at::Tensor activated(const at::Tensor& x, Activation activation) const;

  // Returns this(x) * other. May overwrite `other`.
  at::Tensor times(const at::Tensor& x, const at::Tensor& other) const;

 private:
  PackedWeight panels_;
  at::Tensor weight_, bias_;
  std::int64_t outputs_ = 0;
  bool for_one_dnn_ = false;
};

// Returns whether weights of this dtype are packed for the kernel of ours on this machine's CPU:
// float32 where that was measured to be faster than oneDNN, and 16-bit dtypes that oneDNN, where it
// is there, has no kernels for.
bool has_own_kernel(at::ScalarType dtype);

// Returns whether a model of this dtype, whose head is in float32, had better be given few
// different numbers of rows: oneDNN makes and keeps a kernel for each, and memory would grow.
bool wants_round_rows(at::ScalarType dtype, Packing packing);

// Returns whether oneDNN is there and packs weights of this dtype on this machine's CPU.
bool can_pack(at::ScalarType dtype);

}  // namespace souvenir
