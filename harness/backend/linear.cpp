#include "harness/backend/linear.h"

#include <optional>
#include <string_view>
#include <utility>

#include "harness/backend/activation.h"

namespace souvenir {
namespace {

// The one place that knows oneDNN's private operator names (libtorch 2.1 to 2.13 have them).
using Reorder = at::Tensor(const at::Tensor&, std::optional<std::int64_t>);
using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                             std::string_view, c10::List<std::optional<at::Scalar>>,
                             std::optional<std::string_view>);
using Binary = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                          const std::optional<at::Tensor>&, std::string_view);

template <typename Signature>
std::optional<c10::TypedOperatorHandle<Signature>> find(const char* name, const char* overload) {
  const auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
  if (!handle) return std::nullopt;
  try {
    return handle->typed<Signature>();
  } catch (const c10::Error&) {  // the signature is another one in this version
    return std::nullopt;
  }
}

struct OneDnn {
  std::optional<c10::TypedOperatorHandle<Reorder>> reorder =
      find<Reorder>("mkldnn::_reorder_linear_weight", "");
  std::optional<c10::TypedOperatorHandle<Pointwise>> pointwise =
      find<Pointwise>("mkldnn::_linear_pointwise", "");
  std::optional<c10::TypedOperatorHandle<Binary>> binary =
      find<Binary>("mkldnn::_linear_pointwise", "binary");

  bool complete() const { return reorder && pointwise && binary; }
};

const OneDnn& one_dnn() {
  static const OneDnn operators;
  return operators;
}

std::optional<at::Tensor> maybe(const at::Tensor& t) {
  return t.defined() ? std::optional<at::Tensor>(t) : std::nullopt;
}

at::Tensor run_packed(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      std::string_view post, std::string_view algorithm) {
  return one_dnn().pointwise->call(x, weight, maybe(bias), post,
                                   c10::List<std::optional<at::Scalar>>(), algorithm);
}

// A single row goes through oneDNN as two: for one row it splits the sum over the inputs, and the
// result would differ in the last bits from that of the same row in a batch.
template <typename Run>
at::Tensor one_row(const at::Tensor& x, const Run& run) {
  if (x.size(0) != 1) return run(x);
  return run(x.expand({2, x.size(1)}).contiguous()).narrow(0, 0, 1);
}

}  // namespace

bool has_own_kernel(at::ScalarType dtype) {
  if (dtype == at::kFloat) return outruns_one_dnn();
  const bool narrow = dtype == at::kBFloat16 || dtype == at::kHalf;
  return narrow && one_dnn().complete() && !can_pack(dtype);
}

bool wants_round_rows(at::ScalarType dtype, Packing packing) {
  return packing != Packing::when_possible || !has_own_kernel(dtype) || !has_own_kernel(at::kFloat);
}

bool can_pack(at::ScalarType dtype) {
  if (!one_dnn().complete() || !at::globalContext().userEnabledMkldnn()) return false;
  // One attempt per dtype: oneDNN refuses those that this CPU has no kernels for.
  static const auto probe = [](at::ScalarType type) {
    try {
      const at::Tensor weight = at::zeros({16, 16}, type);
      const at::Tensor packed = one_dnn().reorder->call(weight, std::nullopt);
      run_packed(at::zeros({2, 16}, type), packed, at::Tensor(), "none", "");
      return true;
    } catch (const c10::Error&) {
      return false;
    }
  };
  static const bool f32 = probe(at::kFloat), bf16 = probe(at::kBFloat16), f16 = probe(at::kHalf);
  switch (dtype) {
    case at::kFloat:
      return f32;
    case at::kBFloat16:
      return bf16;
    case at::kHalf:
      return f16;
    default:
      return false;
  }
}

Linear::Linear(at::Tensor weight, at::Tensor bias, Packing packing)
    : weight_(std::move(weight)), bias_(std::move(bias)), outputs_(weight_.size(0)) {
  if (!weight_.is_cpu() || packing == Packing::never) return;
  const at::ScalarType dtype = weight_.scalar_type();
  if (packing == Packing::when_possible && has_own_kernel(dtype)) {
    panels_ = PackedWeight(weight_, bias_);
    weight_.reset();
    bias_.reset();
  } else if (can_pack(dtype)) {
    weight_ = one_dnn().reorder->call(weight_.contiguous(), std::nullopt);
    for_one_dnn_ = true;
  }
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  if (panels_) return panels_.multiply(x).to(x.scalar_type());
  if (!for_one_dnn_) return at::linear(x, weight_, maybe(bias_));
  return one_row(
      x, [&](const at::Tensor& rows) { return run_packed(rows, weight_, bias_, "none", ""); });
}

at::Tensor Linear::activated(const at::Tensor& x, Activation activation) const {
  if (panels_) return panels_.multiply(x, activation).to(x.scalar_type());
  if (!for_one_dnn_) return apply_activation((*this)(x), activation);
  std::string_view post = "gelu", algorithm;
  switch (activation) {
    case Activation::gelu_erf:
      algorithm = "none";
      break;
    case Activation::gelu_tanh:
      algorithm = "tanh";
      break;
    case Activation::silu:
      post = "swish";
      break;
    case Activation::relu:
      post = "relu";
      break;
  }
  return one_row(
      x, [&](const at::Tensor& rows) { return run_packed(rows, weight_, bias_, post, algorithm); });
}

at::Tensor Linear::times(const at::Tensor& x, const at::Tensor& other) const {
  if (panels_) return panels_.multiply(x).mul_(other).to(x.scalar_type());
  if (!for_one_dnn_) return (*this)(x).mul_(other);
  return one_row(x, [&](const at::Tensor& rows) {
    const at::Tensor factor = other.expand({rows.size(0), outputs_}).contiguous();
    return one_dnn().binary->call(rows, factor, weight_, maybe(bias_), "mul");
  });
}

}  // namespace souvenir
