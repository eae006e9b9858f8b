#include "harness/backend/activation.h"

#include <algorithm>
#include <cstdint>

namespace souvenir {
namespace {

// Elements per task: enough work that handing it out costs nothing.
constexpr std::int64_t kGrain = 32768;

void apply_gate(const at::Tensor& x, const kernels::Gate& gate) {
  float* const data = x.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels::available()[0]->activate({data + begin, end - begin, gate});
  });
}

// Row by row: ATen's depends in its last bits on how far an element is from the end.
void apply_gelu_erf(const at::Tensor& x) {
  at::parallel_for(0, x.size(0), std::max<std::int64_t>(1, kGrain / x.size(1)),
                   [&](std::int64_t begin, std::int64_t end) {
                     const c10::InferenceMode no_gradients;
                     for (std::int64_t i = begin; i < end; ++i) {
                       at::Tensor row = x.select(0, i);
                       at::gelu_(row, "none");
                     }
                   });
}

}  // namespace

// GELU by tanh is x times the logistic function of sqrt(8 / pi) (x + 0.044715 x^3).
std::optional<kernels::Gate> gate_of(Activation activation) {
  constexpr float kLinear = 1.5957691216F;
  if (activation == Activation::silu) return kernels::Gate{};
  if (activation == Activation::gelu_tanh) return kernels::Gate{kLinear, 0.044715F * kLinear};
  return std::nullopt;
}

at::Tensor apply_activation(at::Tensor x, Activation activation, RowPath path) {
  const auto gate = gate_of(activation);
  if (gate && path == RowPath::automatic && x.is_cpu() && x.is_contiguous() &&
      x.scalar_type() == at::kFloat) {
    apply_gate(x, *gate);
    return x;
  }
  if (x.numel() == 0) return x;
  if (activation == Activation::gelu_erf && path == RowPath::automatic && x.is_cpu() &&
      x.dim() == 2) {
    apply_gelu_erf(x);
    return x;
  }
  switch (activation) {
    case Activation::gelu_erf:
      return at::gelu_(x, "none");
    case Activation::gelu_tanh:
      return at::gelu_(x, "tanh");
    case Activation::silu:
      return at::silu_(x);
    case Activation::relu:
      return at::relu_(x);
  }
  return x;
}

}  // namespace souvenir
