#include "harness/backend/activation.h"

#include <cstdint>
#include <string_view>

#include "harness/backend/kernels/kernels.h"

namespace souvenir {
namespace {

// Elements per task: enough work that handing it out costs nothing.
constexpr std::int64_t kGrain = 32768;

bool has_kernel(Activation activation, at::ScalarType dtype) {
  return dtype == at::kFloat &&
         (activation == Activation::silu || activation == Activation::gelu_tanh);
}

// GELU by tanh is x times the logistic function of sqrt(8 / pi) (x + 0.044715 x^3).
void activate(const at::Tensor& x, bool gelu) {
  constexpr float kLinear = 1.5957691216F;
  const float linear = gelu ? kLinear : 1.0F, cubic = gelu ? 0.044715F * kLinear : 0.0F;
  float* const data = x.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels::available()[0]->activate({data + begin, end - begin, linear, cubic});
  });
}

}  // namespace

at::Tensor apply_activation(at::Tensor x, Activation activation, RowPath path) {
  if (path == RowPath::automatic && x.is_cpu() && x.is_contiguous() &&
      has_kernel(activation, x.scalar_type())) {
    activate(x, activation == Activation::gelu_tanh);
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

// With the sixteen registers of AVX2, which the sums take up, oneDNN's SiLU made a product half as
// slow again (45 to 72 ms; behind it 2 to 5).
bool fuses(Activation activation, at::ScalarType dtype) {
  static const bool wide = std::string_view(kernels::available()[0]->name) == "avx512";
  return wide || !has_kernel(activation, dtype);
}

}  // namespace souvenir
