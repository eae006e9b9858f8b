#pragma once

#include <cstdint>
#include <vector>

#include "harness/backend/decoder.h"
#include "harness/backend/gated_linear.h"
#include "harness/backend/linear.h"
#include "harness/backend/paths.h"

namespace souvenir {

// Returns to how many rows those that chose an expert are filled up for oneDNN, which would make
// and keep kernels for every number of them, and that is never the same: eight numbers between a
// power of two and the next.
//
// Requires  rows > 0
std::int64_t rows_of_an_expert(std::int64_t rows);

// A mixture of experts in place of a layer's MLP: a router chooses for every row a few of many
// gated MLPs, and only those run.
//
// Owns the weights. Threads: const methods are safe from any thread.
// Exact  a row's result does not depend on the other rows: its experts are added in their order
class Experts {
 public:
  Experts() = default;

  // Takes the weights over; packs one expert at a time.
  Experts(const DecoderSpec& spec, DecoderLayerWeights& weights, Packing packing);

  explicit operator bool() const { return static_cast<bool>(router_); }

  // Shape  x [rows, hidden], result the same, in x's dtype
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  struct Expert {
    GatedLinear middle;
    Linear down;
    at::Tensor operator()(const at::Tensor& x) const;
  };
  Expert make(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& down,
              Packing packing) const;

  ExpertsSpec spec_;
  Activation activation_ = Activation::silu;
  bool round_rows_ = false;
  Linear router_;  // float32, so that experts are chosen alike in every dtype
  at::Tensor shared_gate_;
  std::vector<Expert> experts_;
  Expert shared_;
};

}  // namespace souvenir
