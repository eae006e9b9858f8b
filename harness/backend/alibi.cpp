#include "harness/backend/alibi.h"

#include <bit>
#include <cmath>

namespace souvenir {

namespace {

// Powers first, first + step, ... of the base for `heads` heads.
void add_powers(std::vector<float>& slopes, std::int64_t heads, std::int64_t count,
                std::int64_t step) {
  const double base = std::exp2(-std::exp2(-(std::log2(static_cast<double>(heads)) - 3.0)));
  const at::Tensor powers = at::arange(1, 1 + step * count, step, at::kInt);
  const at::Tensor values = at::pow(at::scalar_tensor(base, at::kFloat), powers).contiguous();
  const float* const begin = values.const_data_ptr<float>();
  slopes.insert(slopes.end(), begin, begin + count);
}

}  // namespace

std::vector<float> alibi_slopes(std::int64_t heads) {
  const auto whole = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(heads)));
  std::vector<float> slopes;
  add_powers(slopes, whole, whole, 1);
  if (heads > whole) {
    add_powers(slopes, 2 * whole, heads - whole, 2);
  }
  return slopes;
}

at::Tensor alibi_bias(const Alibi& alibi, std::int64_t positions) {
  at::Tensor slopes = at::tensor(at::ArrayRef<float>(alibi.slopes)).unsqueeze(1);
  if (alibi.rounded) {
    slopes = slopes.to(at::kBFloat16);
  }
  const at::Tensor bias = slopes * at::arange(positions, at::kLong).unsqueeze(0);
  return bias.to(at::kFloat).mul_(alibi.scale).contiguous();
}

}  // namespace souvenir
