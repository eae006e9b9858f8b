#include "harness/backend/attention.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "harness/backend/kernels/kernels.h"
#include "harness/backend/parallel.h"

namespace souvenir {
namespace {

using kernels::Bfloat16;
using kernels::round_up;

// Some queries of one sequence against one key/value head.
struct Item {
  const Segment* segment;
  std::int64_t head, first, last;

  std::int64_t cost() const { return (last - first) * (segment->past + last); }
};

// One item per sequence and key/value head; cut finer where that would leave threads without work.
std::vector<Item> items_of(std::span<const Segment> segments, std::int64_t heads) {
  const std::int64_t whole = static_cast<std::int64_t>(segments.size()) * heads;
  const std::int64_t wanted = 4 * at::get_num_threads();
  const std::int64_t cuts = whole >= wanted ? 1 : (wanted + whole - 1) / whole;
  std::vector<Item> items;
  for (const Segment& segment : segments) {
    const std::int64_t step =
        std::max<std::int64_t>(round_up((segment.tokens + cuts - 1) / cuts, 32), 64);
    for (std::int64_t head = 0; head < heads; ++head)
      for (std::int64_t first = 0; first < segment.tokens; first += step)
        items.push_back({&segment, head, first, std::min(first + step, segment.tokens)});
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.cost() > b.cost(); });
  return items;
}

template <typename T>
struct KernelOf;
template <>
struct KernelOf<float> {
  static constexpr auto fill = &kernels::Table::fill_f32;
  static constexpr auto attend = &kernels::Table::attend_f32;
};
template <>
struct KernelOf<Bfloat16> {
  static constexpr auto fill = &kernels::Table::fill_bf16;
  static constexpr auto attend = &kernels::Table::attend_bf16;
};

// The CPU path: the kernel of kernels.h over items handed out one by one.
template <typename T>
class CpuAttention {
 public:
  CpuAttention(const at::Tensor& qkv, const at::Tensor& out, const AttentionShape& shape,
               KeyValueCache::Layer* cache, const at::Tensor& bias)
      : qkv_(static_cast<const T*>(qkv.const_data_ptr())),
        out_(static_cast<T*>(out.mutable_data_ptr())),
        qkv_stride_(qkv.size(1)),
        shape_(shape),
        cache_(cache),
        bias_(bias) {}

  void run(std::span<const Segment> segments) const {
    const bool rows_kept = cache_ != nullptr && cache_->rows.defined();
    const auto continues = [](const Segment& s) { return s.past > 0; };
    if (rows_kept || (cache_ == nullptr && std::ranges::any_of(segments, continues)))
      return run_shared(segments);
    if (cache_ != nullptr) fill_cache(segments);
    std::int64_t positions = 0;
    for (const Segment& s : segments) positions = std::max(positions, s.past + s.tokens);
    if (cache_ != nullptr) positions = cache_->keys.size(3);
    const std::vector<Item> items = items_of(segments, shape_.key_value_heads);
    const auto count = static_cast<std::int64_t>(items.size());
    for_each_item(count, [&](const auto& next) {
      const Scratch scratch(positions, shape_.head_dim, cache_ == nullptr);
      for (std::int64_t i = next(); i < count; i = next())
        answer(items[static_cast<std::size_t>(i)], scratch);
    });
  }

 private:
  struct Scratch {
    Scratch(std::int64_t positions, std::int64_t head_dim, bool panel_too) {
      panel.key_stride = round_up(positions, kernels::kPanelAlign);
      panel.value_stride = round_up(head_dim, kernels::kValueAlign);
      const auto scores = kernels::attend_scratch(positions, head_dim);
      const auto keys = panel_too ? head_dim * panel.key_stride : 0;
      const auto values = panel_too ? panel.key_stride * panel.value_stride : 0;
      memory =
          std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(scores + keys + values));
      panel.keys = memory.get() + scores;
      panel.values = panel.keys + keys;
    }
    std::unique_ptr<float[]> memory;
    kernels::Panel panel{};
  };

  const T* key(const Segment& segment, std::int64_t head) const {
    return qkv_ + segment.begin * qkv_stride_ + (shape_.heads + head) * shape_.head_dim;
  }

  void fill(const Segment& segment, std::int64_t head, std::int64_t tokens,
            const kernels::Panel& panel) const {
    const T* from = key(segment, head);
    (kernels::available()[0]->*KernelOf<T>::fill)(
        {from, from + shape_.key_value_heads * shape_.head_dim, qkv_stride_, tokens, segment.past,
         shape_.head_dim, panel});
  }

  kernels::Panel cached(const Segment& segment, std::int64_t head) const {
    const at::Tensor &keys = cache_->keys, &values = cache_->values;
    return {keys.mutable_data_ptr<float>() + segment.slot * keys.stride(0) + head * keys.stride(1),
            values.mutable_data_ptr<float>() + segment.slot * values.stride(0) +
                head * values.stride(1),
            keys.stride(2), values.stride(2)};
  }

  void fill_cache(std::span<const Segment> segments) const {
    const auto heads = shape_.key_value_heads;
    const auto count = static_cast<std::int64_t>(segments.size()) * heads;
    for_each_item(count, [&](const auto& next) {
      for (std::int64_t i = next(); i < count; i = next()) {
        const Segment& segment = segments[static_cast<std::size_t>(i / heads)];
        fill(segment, i % heads, segment.tokens, cached(segment, i % heads));
      }
    });
  }

  // Where the past stands in rows: that of sequences which share it goes into a panel once.
  void run_shared(std::span<const Segment> segments) const {
    std::vector<std::span<const Segment>> families;
    std::int64_t positions = 0;
    for (std::size_t begin = 0, end = 0; begin < segments.size(); begin = end) {
      const Segment& first = segments[begin];
      std::int64_t tokens = 0;
      for (end = begin; end < segments.size(); ++end) {
        const Segment& s = segments[end];
        // Large families are cut, so that every thread has some.
        const bool shared = s.past > 0 && s.before.data() == first.before.data() &&
                            tokens < std::max<std::int64_t>(s.past, 64);
        if (end > begin && !shared) break;
        tokens += s.tokens;
        positions = std::max(positions, s.past + s.tokens);
        if (cache_ != nullptr && s.slot >= 0) keep(s);
      }
      families.push_back(segments.subspan(begin, end - begin));
    }
    const auto heads = shape_.key_value_heads;
    const auto count = static_cast<std::int64_t>(families.size()) * heads;
    for_each_item(count, [&](const auto& next) {
      const Scratch scratch(positions, shape_.head_dim, true);
      for (std::int64_t i = next(); i < count; i = next())
        answer_family(families[static_cast<std::size_t>(i / heads)], i % heads, scratch);
    });
  }

  void keep(const Segment& segment) const {
    const std::int64_t width = cache_->rows.size(1);
    T* to = static_cast<T*>(cache_->rows.mutable_data_ptr()) + segment.slot * width;
    for (std::int64_t i = 0; i < segment.tokens; ++i, to += width)
      std::copy_n(key(segment, 0) + i * qkv_stride_, width, to);
  }

  void answer_family(std::span<const Segment> family, std::int64_t head,
                     const Scratch& scratch) const {
    // Keys and values of this head in the first row, and from one row to the next.
    const T* keys = qkv_ + (shape_.heads + head) * shape_.head_dim;
    std::int64_t stride = qkv_stride_, past = 0;
    if (cache_ != nullptr) {
      keys = static_cast<const T*>(cache_->rows.const_data_ptr()) + head * shape_.head_dim;
      stride = cache_->rows.size(1);
    }
    for (const KeptRows& part : family.front().before) {
      const T* from = keys + part.first * stride;
      (kernels::available()[0]->*KernelOf<T>::fill)(
          {from, from + shape_.key_value_heads * shape_.head_dim, stride, part.tokens, past,
           shape_.head_dim, scratch.panel});
      past += part.tokens;
    }
    for (const Segment& segment : family) {
      fill(segment, head, segment.tokens, scratch.panel);
      answer({&segment, head, 0, segment.tokens}, scratch.panel, scratch);
    }
  }

  void answer(const Item& item, const Scratch& scratch) const {
    if (cache_ != nullptr) return answer(item, cached(*item.segment, item.head), scratch);
    fill(*item.segment, item.head, item.last, scratch.panel);
    answer(item, scratch.panel, scratch);
  }

  void answer(const Item& item, const kernels::Panel& panel, const Scratch& scratch) const {
    const Segment& segment = *item.segment;
    const std::int64_t group = shape_.heads / shape_.key_value_heads;
    const std::int64_t out_stride = shape_.heads * shape_.head_dim;
    const std::int64_t column = item.head * group * shape_.head_dim;
    (kernels::available()[0]->*KernelOf<T>::attend)(
        {qkv_ + segment.begin * qkv_stride_ + column, out_ + segment.begin * out_stride + column,
         qkv_stride_, out_stride, group, shape_.head_dim, item.first, item.last, segment.past,
         shape_.window.value_or(0), static_cast<float>(shape_.scale),
         static_cast<float>(shape_.cap),
         bias_.defined() ? bias_.const_data_ptr<float>() + item.head * group * bias_.size(1)
                         : nullptr,
         bias_.defined() ? bias_.size(1) : 0, panel, scratch.memory.get()});
  }

  const T* qkv_;
  T* out_;
  std::int64_t qkv_stride_;
  AttentionShape shape_;
  KeyValueCache::Layer* cache_;
  at::Tensor bias_;
};

// Visible keys [low, high) for queries [first, last): undefined where every one of them is.
at::Tensor visible(const Segment& segment, std::int64_t first, std::int64_t last, std::int64_t low,
                   std::int64_t high, std::int64_t window, at::Device device) {
  const auto options = at::TensorOptions(device).dtype(at::kLong);
  const at::Tensor query = at::arange(segment.past + first, segment.past + last, options);
  const at::Tensor key = at::arange(low, high, options);
  const at::Tensor distance = query.unsqueeze(1) - key.unsqueeze(0);
  at::Tensor mask = distance >= 0;
  if (window > 0) mask = mask.logical_and_(distance < window);
  return mask;
}

// Attention by its definition, where scores are changed before the softmax.
//
//   mask  [queries, keys] or nothing: all are visible
at::Tensor attend_changed(const at::Tensor& queries, const at::Tensor& keys,
                          const at::Tensor& values, const std::optional<at::Tensor>& mask,
                          const AttentionShape& shape, const at::Tensor& bias) {
  const std::int64_t group = shape.heads / shape.key_value_heads;
  const auto wide = [&](const at::Tensor& t) {
    return t.to(at::kFloat).repeat_interleave(group, 0);
  };
  at::Tensor scores =
      at::matmul(queries.to(at::kFloat), wide(keys).transpose(1, 2)).mul_(shape.scale);
  if (shape.cap > 0.0) scores.div_(shape.cap).tanh_().mul_(shape.cap);
  if (bias.defined()) scores.add_(bias.unsqueeze(1));
  if (mask) scores.masked_fill_(mask->logical_not(), -std::numeric_limits<float>::infinity());
  return at::matmul(at::softmax(scores, -1), wide(values)).to(queries.scalar_type());
}

// The path of every device, one sequence at a time, a thousand queries at a time.
void attend_aten(const at::Tensor& qkv, const at::Tensor& out, const Segment& segment,
                 const AttentionShape& shape, KeyValueCache::Layer* cache, const at::Tensor& bias) {
  constexpr std::int64_t kQueries = 1024;
  const std::int64_t dim = shape.head_dim, heads = shape.heads, groups = shape.key_value_heads;
  const at::Tensor rows = qkv.narrow(0, segment.begin, segment.tokens);
  const auto part = [&](std::int64_t first, std::int64_t count) {
    return rows.narrow(1, first * dim, count * dim)
        .view({segment.tokens, count, dim})
        .transpose(0, 1);
  };
  at::Tensor keys = part(heads, groups), values = part(heads + groups, groups);
  const std::int64_t total = segment.past + segment.tokens;
  if (cache == nullptr ? segment.past > 0 : cache->rows.defined()) {
    const auto new_rows = qkv.narrow(1, heads * dim, 2 * groups * dim);
    const at::Tensor& past_rows = cache == nullptr ? new_rows : cache->rows;
    std::vector<at::Tensor> all;
    for (const KeptRows& kept : segment.before)
      all.push_back(past_rows.narrow(0, kept.first, kept.tokens));
    all.push_back(new_rows.narrow(0, segment.begin, segment.tokens));
    if (cache != nullptr && segment.slot >= 0)
      cache->rows.narrow(0, segment.slot, segment.tokens).copy_(all.back());
    const at::Tensor joined = at::cat(all).view({total, 2 * groups, dim}).transpose(0, 1);
    keys = joined.narrow(0, 0, groups);
    values = joined.narrow(0, groups, groups);
  } else if (cache != nullptr) {
    const at::Tensor slot_keys = cache->keys.select(0, segment.slot).transpose(1, 2);
    const at::Tensor slot_values = cache->values.select(0, segment.slot).narrow(2, 0, dim);
    slot_keys.narrow(1, segment.past, segment.tokens).copy_(keys);
    slot_values.narrow(1, segment.past, segment.tokens).copy_(values);
    keys = slot_keys.narrow(1, 0, total).to(qkv.scalar_type());
    values = slot_values.narrow(1, 0, total).to(qkv.scalar_type());
  }
  const at::Tensor queries = part(0, heads);
  const std::int64_t window = shape.window.value_or(0);
  for (std::int64_t first = 0; first < segment.tokens; first += kQueries) {
    const std::int64_t last = std::min(first + kQueries, segment.tokens);
    const std::int64_t high = segment.past + last;
    const std::int64_t low =
        window > 0 ? std::max<std::int64_t>(segment.past + first + 1 - window, 0) : 0;
    std::optional<at::Tensor> mask;
    if (last - first > 1) mask = visible(segment, first, last, low, high, window, qkv.device());
    const at::Tensor q = queries.narrow(1, first, last - first);
    const at::Tensor k = keys.narrow(1, low, high - low), v = values.narrow(1, low, high - low);
    const bool changed = shape.cap > 0.0 || bias.defined();
    const at::Tensor answer =
        changed ? attend_changed(q, k, v, mask, shape,
                                 bias.defined() ? bias.narrow(1, low, high - low) : bias)
                : at::scaled_dot_product_attention(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0),
                                                   mask, 0.0, false, shape.scale, true)
                      .squeeze(0);
    out.narrow(0, segment.begin + first, last - first)
        .view({last - first, heads, dim})
        .copy_(answer.transpose(0, 1));
  }
}

}  // namespace

at::Tensor attend(const at::Tensor& qkv, std::span<const Segment> segments,
                  const AttentionShape& shape, KeyValueCache::Layer* cache, AttentionPath path,
                  const at::Tensor& bias) {
  const at::Tensor out = at::empty({qkv.size(0), shape.heads * shape.head_dim}, qkv.options());
  const bool kernel = path == AttentionPath::automatic && qkv.is_cpu();
  if (kernel && qkv.scalar_type() == at::kFloat) {
    CpuAttention<float>(qkv, out, shape, cache, bias).run(segments);
  } else if (kernel && qkv.scalar_type() == at::kBFloat16) {
    CpuAttention<Bfloat16>(qkv, out, shape, cache, bias).run(segments);
  } else {
    for (const Segment& segment : segments) attend_aten(qkv, out, segment, shape, cache, bias);
  }
  return out;
}

}  // namespace souvenir
