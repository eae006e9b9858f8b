// What a head says of some tokens after each state, when nothing else of the row is asked for.

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/backend/head.h"

namespace souvenir {
namespace {

// The log-sum-exp of every row, whose logits come tile by tile.
class RowSums {
 public:
  explicit RowSums(std::int64_t rows) : states_(static_cast<std::size_t>(rows)) {
    for (kernels::TileState& state : states_)
      state.band_low = state.band_high = std::numeric_limits<float>::infinity();  // no rank
  }

  void add(const at::Tensor& logits, std::int64_t first_row, std::int64_t first_id) {
    const float* const data = logits.const_data_ptr<float>();
    const std::int64_t tokens = logits.size(1);
    at::parallel_for(0, logits.size(0), 4, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        kernels::available()[0]->tile({data + i * tokens, tokens, static_cast<TokenId>(first_id),
                                       &states_[static_cast<std::size_t>(first_row + i)], nullptr,
                                       nullptr, 0, nullptr, nullptr, 0});
    });
  }

  double log_prob(std::int64_t row, float logit) const {
    const kernels::TileState& state = states_[static_cast<std::size_t>(row)];
    const bool finite = std::isfinite(state.sum) && std::isfinite(state.sum_d) &&
                        std::isfinite(state.sum_dd) && std::isfinite(state.maximum);
    return finite ? (static_cast<double>(logit) - static_cast<double>(state.maximum)) -
                        std::log(state.sum)
                  : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  std::vector<kernels::TileState> states_;
};

// Returns those of `asked` that speak of rows [first, first + count).
std::span<const Head::Asked> of_rows(std::span<const Head::Asked> asked, std::int64_t first,
                                     std::int64_t count) {
  const auto row = [](const Head::Asked& a) { return a.row; };
  const auto begin = std::ranges::lower_bound(asked, first, {}, row);
  const auto end = std::ranges::lower_bound(asked, first + count, {}, row);
  return {begin, end};
}

}  // namespace

std::vector<double> Head::log_probs(const at::Tensor& hidden, std::span<const Asked> asked) const {
  std::vector<float> logits(asked.size());
  std::vector<double> result(asked.size());
  if (!hidden.is_cpu()) {
    for_rows(hidden, [&](const at::Tensor& rows, std::int64_t first) {
      const at::Tensor host = at::log_softmax(rows.to(at::kDouble), 1).to(at::kCPU);
      for (const Asked& a : of_rows(asked, first, rows.size(0))) {
        const double found =
            host.const_data_ptr<double>()[(a.row - first) * vocabulary() + a.token];
        result[static_cast<std::size_t>(&a - asked.data())] = found;
      }
    });
    return result;
  }
  RowSums sums(hidden.size(0));
  for (std::int64_t i = 0; i < tiles(); ++i) {
    const Linear linear = layer(i, hidden.size(0));
    const std::int64_t first_id = i * tile_columns_;
    for (std::int64_t first = 0; first < hidden.size(0); first += kRows) {
      const std::int64_t count = std::min(kRows, hidden.size(0) - first);
      const at::Tensor part = this->logits(linear, hidden.narrow(0, first, count));
      sums.add(part, first, first_id);
      for (const Asked& a : of_rows(asked, first, count)) {
        const std::int64_t column = a.token - first_id;
        if (column < 0 || column >= part.size(1)) continue;
        logits[static_cast<std::size_t>(&a - asked.data())] =
            part.const_data_ptr<float>()[(a.row - first) * part.size(1) + column];
      }
    }
  }
  for (std::size_t i = 0; i < asked.size(); ++i) result[i] = sums.log_prob(asked[i].row, logits[i]);
  return result;
}

}  // namespace souvenir
