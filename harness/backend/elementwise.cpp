#include "harness/backend/elementwise.h"

#include <algorithm>

#include "harness/backend/kernels/kernels.h"

namespace souvenir {
namespace {

using kernels::Bfloat16;

template <typename T>
const T* data(const at::Tensor& t) {
  return t.defined() ? static_cast<const T*>(t.const_data_ptr()) : nullptr;
}

template <typename T>
T* mutable_data(const at::Tensor& t) {
  return t.defined() ? static_cast<T*>(t.mutable_data_ptr()) : nullptr;
}

bool has_kernel(const at::Tensor& t, at::ScalarType dtype, RowPath path) {
  return path == RowPath::automatic && t.is_cpu() &&
         (dtype == at::kFloat || dtype == at::kBFloat16);
}

// Rows per task: enough work that handing it out costs nothing.
std::int64_t grain(std::int64_t width) { return std::max<std::int64_t>(1, 16384 / width); }

template <typename In, typename Out>
void norm_rows(const NormLayer& norm, const at::Tensor& residual, const at::Tensor& delta,
               const at::Tensor& out, void (*kernel)(const kernels::NormRow<In, Out>&)) {
  const std::int64_t width = out.size(1);
  float* const sums = mutable_data<float>(residual);
  const In* const added = data<In>(delta);
  Out* const to = mutable_data<Out>(out);
  const float* const weight = data<float>(norm.weight);
  const float* const bias = data<float>(norm.bias);
  at::parallel_for(0, out.size(0), grain(width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      kernel({sums == nullptr ? nullptr : sums + i * width,
              added == nullptr ? nullptr : added + i * width, to + i * width, weight, bias, width,
              static_cast<float>(norm.epsilon), norm.centred});
    }
  });
}

// The norm in ATen, over the last dimension, in float32.
at::Tensor norm_aten(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     double epsilon, bool centred) {
  at::Tensor y = x.to(at::kFloat);
  if (centred) y = y - y.mean(-1, true);
  y = y * y.pow(2).mean(-1, true).add_(epsilon).rsqrt_();
  y = y * weight;
  return bias.defined() ? y.add_(bias) : y;
}

template <typename T>
void rotate_rows(const HeadTransform& transform, const at::Tensor& qkv, const RopeTable* table,
                 void (*kernel)(const kernels::RotateRow<T>&)) {
  T* const rows = mutable_data<T>(qkv);
  const float* const cosine = table == nullptr ? nullptr : data<float>(table->cosine);
  const float* const sine = table == nullptr ? nullptr : data<float>(table->sine);
  const std::int64_t width = qkv.size(1), half = transform.rotary_dim / 2;
  const bool whole = transform.norm == HeadNorm::whole;
  at::parallel_for(0, qkv.size(0), grain(width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      kernel({rows + i * width, transform.heads, transform.key_value_heads, transform.head_dim,
              transform.rotary_dim, whole ? nullptr : data<float>(transform.query_norm),
              whole ? nullptr : data<float>(transform.key_norm),
              transform.norm == HeadNorm::by_head ? transform.head_dim : 0,
              cosine == nullptr ? nullptr : cosine + i * half,
              sine == nullptr ? nullptr : sine + i * half, static_cast<float>(transform.epsilon),
              transform.centred});
    }
  });
}

}  // namespace

NormLayer::NormLayer(const DecoderSpec& spec, const at::Tensor& given_weight,
                     const at::Tensor& given_bias)
    : weight(given_weight.to(at::kFloat).contiguous()),
      bias(given_bias.defined() ? given_bias.to(at::kFloat).contiguous() : at::Tensor()),
      epsilon(spec.norm_epsilon),
      centred(spec.norm == Norm::layer_norm) {
  if (spec.norm == Norm::rms_plus_one) weight = weight + 1.0;
}

at::Tensor NormLayer::operator()(const at::Tensor& x, RowPath path) const {
  if (!has_kernel(x, x.scalar_type(), path))
    return norm_aten(x, weight, bias, epsilon, centred).to(x.scalar_type());
  const kernels::Table& table = *kernels::available()[0];
  const at::Tensor out = at::empty_like(x);
  if (x.scalar_type() == at::kFloat) {
    norm_rows<float, float>(*this, {}, x, out, table.norm_f32);
  } else {
    norm_rows<Bfloat16, Bfloat16>(*this, {}, x, out, table.norm_bf16);
  }
  return out;
}

at::Tensor NormLayer::add(const at::Tensor& residual, const at::Tensor& delta, at::ScalarType dtype,
                          RowPath path) const {
  const at::ScalarType from = delta.defined() ? delta.scalar_type() : dtype;
  if (!has_kernel(residual, dtype, path) || !has_kernel(residual, from, path) ||
      (from == at::kFloat && dtype != at::kFloat)) {
    if (delta.defined()) residual.add_(delta);
    return norm_aten(residual, weight, bias, epsilon, centred).to(dtype);
  }
  const kernels::Table& table = *kernels::available()[0];
  const at::Tensor out = at::empty(residual.sizes(), residual.options().dtype(dtype));
  if (from == at::kFloat) {
    norm_rows<float, float>(*this, residual, delta, out, table.norm_f32);
  } else if (dtype == at::kFloat) {
    norm_rows<Bfloat16, float>(*this, residual, delta, out, table.norm_bf16_f32);
  } else {
    norm_rows<Bfloat16, Bfloat16>(*this, residual, delta, out, table.norm_bf16);
  }
  return out;
}

RopeTable make_rope_table(const Rope& rope, const at::Tensor& positions, const at::Tensor& beyond) {
  const auto row_of = [&](const std::vector<float>& values) {
    return at::tensor(at::ArrayRef<float>(values)).to(positions.device()).unsqueeze(0);
  };
  at::Tensor frequencies = row_of(rope.inverse_frequencies);
  if (beyond.defined())
    frequencies = at::where(beyond.unsqueeze(1), row_of(rope.beyond), frequencies);
  const at::Tensor angles = positions.to(at::kFloat).unsqueeze(1) * frequencies;
  return {angles.cos().mul_(rope.attention_factor), angles.sin().mul_(rope.attention_factor)};
}

void HeadTransform::norm_whole(const at::Tensor& qkv, RowPath path) const {
  const auto run = [&](std::int64_t first, std::int64_t count, const at::Tensor& weight) {
    const at::Tensor part = qkv.narrow(1, first * head_dim, count * head_dim);
    NormLayer layer;
    layer.weight = weight;
    layer.epsilon = epsilon;
    layer.centred = centred;
    part.copy_(layer(part.contiguous(), path));
  };
  run(0, heads, query_norm);
  run(heads, key_value_heads, key_norm);
}

void HeadTransform::apply(const at::Tensor& qkv, const RopeTable* table, RowPath path) const {
  if (clip > 0.0) qkv.clamp_(-clip, clip);
  const bool whole = norm == HeadNorm::whole;
  if (whole) norm_whole(qkv, path);
  if (table == nullptr && (whole || !query_norm.defined())) return;
  if (has_kernel(qkv, qkv.scalar_type(), path) && head_dim <= kernels::kMaxHeadDim) {
    const kernels::Table& kernel = *kernels::available()[0];
    if (qkv.scalar_type() == at::kFloat) {
      rotate_rows<float>(*this, qkv, table, kernel.rotate_f32);
    } else {
      rotate_rows<Bfloat16>(*this, qkv, table, kernel.rotate_bf16);
    }
    return;
  }
  const std::int64_t rows = qkv.size(0), half = rotary_dim / 2;
  const auto transform = [&](std::int64_t first, std::int64_t count, const at::Tensor& weight) {
    const at::Tensor view =
        qkv.narrow(1, first * head_dim, count * head_dim).view({rows, count, head_dim});
    at::Tensor x = view.to(at::kFloat);
    if (weight.defined() && !whole)
      x = norm_aten(x, norm == HeadNorm::by_head ? weight.view({count, head_dim}) : weight, {},
                    epsilon, centred);
    if (table != nullptr) {
      const at::Tensor cosine = table->cosine.unsqueeze(1), sine = table->sine.unsqueeze(1);
      const at::Tensor a = x.narrow(2, 0, half), b = x.narrow(2, half, half);
      const at::Tensor rest = x.narrow(2, rotary_dim, head_dim - rotary_dim);
      x = at::cat({a * cosine - b * sine, b * cosine + a * sine, rest}, 2);
    }
    view.copy_(x);
  };
  transform(0, heads, query_norm);
  transform(heads, key_value_heads, key_norm);
}

}  // namespace souvenir
