#pragma once

#include <cstdint>
#include <optional>

#include "harness/backend/aten.h"
#include "harness/backend/decoder.h"

namespace souvenir {

// A weight as kernels/product.inc wants it: panels of some columns, the inputs one after another.
// Weights of 16 bits stay in 16 bits, and are widened to float32 some panels at a time.
//
// Threads  const methods are safe from any thread
// Exact    a row's sums are added in the order of the inputs, in pieces that the number of inputs
//          decides: results depend neither on the rows beside it nor on the number of threads
// Errors   c10::Error where shapes do not fit
class PackedWeight {
 public:
  PackedWeight() = default;

  //   weight  [out, in] on the CPU: float32, bfloat16 or float16
  //   bias    [out] or undefined
  PackedWeight(const at::Tensor& weight, const at::Tensor& bias);

  // Returns the two weights of a gated MLP as one, whose results are activation(gate x) * (up x).
  //
  // Requires  can_pair
  static PackedWeight pair(const at::Tensor& gate, const at::Tensor& gate_bias,
                           const at::Tensor& up, const at::Tensor& up_bias, Activation activation);
  static bool can_pair(std::int64_t outputs, Activation activation);

  explicit operator bool() const { return panels_.defined(); }
  at::ScalarType dtype() const { return panels_.scalar_type(); }

  // Returns then(x w^T + b) in float32, whatever the dtypes.
  //
  // A pair has its own activation, and takes no other.
  //
  // Shape  x [rows, in], result [rows, out]
  at::Tensor multiply(const at::Tensor& x, std::optional<Activation> then = {}) const;

 private:
  struct Operands;
  struct Block;
  std::int64_t panels() const { return panels_.size(0); }
  std::int64_t inputs() const { return panels_.size(1); }
  bool widens() const { return dtype() != at::kFloat; }
  Block cut(std::int64_t rows) const;
  const float* widen(const at::Tensor& wide, std::int64_t begin, std::int64_t end,
                     std::int64_t first, std::int64_t count) const;
  Operands operands(const at::Tensor& x, std::optional<Activation> then) const;
  void run(const Operands& operands, const Block& block, const at::Tensor& wide, float* sums) const;

  at::Tensor panels_;  // [panels, in, kPanelColumns], columns beyond `out` zero
  at::Tensor bias_;    // [panels * kPanelColumns] float32 or undefined
  std::int64_t outputs_ = 0;
  std::optional<Activation> paired_;  // every panel is half gate, half up
};

// Returns whether this CPU's instruction set is one for which that kernel was measured to be faster
// than oneDNN in float32 (tests/benchmark/README.md).
bool outruns_one_dnn();

}  // namespace souvenir
