#include <algorithm>

#include "harness/backend/attention.h"
#include "harness/backend/kernels/kernels.h"

namespace souvenir {
namespace {

constexpr std::int64_t kLeastRoom = 256 << 20;

at::ScalarType cache_dtype(at::Device device, at::ScalarType dtype) {
  return device.is_cpu() ? at::kFloat : dtype;
}

}  // namespace

KeyValueCache::KeyValueCache(const DecoderSpec& spec, std::int64_t slots, std::int64_t capacity,
                             at::Device device, at::ScalarType dtype) {
  const auto options = at::TensorOptions(device).dtype(cache_dtype(device, dtype));
  const std::int64_t positions = kernels::round_up(capacity, kernels::kPanelAlign);
  const std::int64_t width = kernels::round_up(spec.head_dim, kernels::kValueAlign);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    layers_.push_back({at::empty({slots, spec.key_value_heads, spec.head_dim, positions}, options),
                       at::empty({slots, spec.key_value_heads, positions, width}, options)});
  }
}

KeyValueCache KeyValueCache::of_rows(const DecoderSpec& spec, std::int64_t capacity,
                                     at::Device device, at::ScalarType dtype) {
  KeyValueCache cache;
  const auto options = at::TensorOptions(device).dtype(dtype);
  for (std::size_t i = 0; i < spec.layers.size(); ++i)
    cache.layers_.push_back(
        {.rows = at::empty({capacity, 2 * spec.key_value_heads * spec.head_dim}, options)});
  return cache;
}

std::int64_t KeyValueCache::row_bytes(const DecoderSpec& spec, at::ScalarType dtype) {
  return static_cast<std::int64_t>(spec.layers.size()) * 2 * spec.key_value_heads * spec.head_dim *
         static_cast<std::int64_t>(c10::elementSize(dtype));
}

void KeyValueCache::copy(std::int64_t from, std::int64_t to, std::int64_t tokens) {
  for (Layer& layer : layers_) {
    const at::Tensor keys = layer.keys.narrow(3, 0, tokens);
    const at::Tensor values = layer.values.narrow(2, 0, tokens);
    keys.select(0, to).copy_(keys.select(0, from));
    values.select(0, to).copy_(values.select(0, from));
  }
}

std::int64_t KeyValueCache::slot_bytes(const DecoderSpec& spec, std::int64_t capacity,
                                       at::Device device, at::ScalarType dtype) {
  const std::int64_t width = spec.head_dim + kernels::round_up(spec.head_dim, kernels::kValueAlign);
  return static_cast<std::int64_t>(spec.layers.size()) * spec.key_value_heads *
         kernels::round_up(capacity, kernels::kPanelAlign) * width *
         static_cast<std::int64_t>(c10::elementSize(cache_dtype(device, dtype)));
}

std::int64_t KeyValueCache::room_beside(std::int64_t weight_bytes) {
  return std::max(kLeastRoom, weight_bytes / 8);
}

}  // namespace souvenir
