#include "harness/backend/row_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace souvenir {
namespace {

template <typename T>
std::vector<T> to_vector(const at::Tensor& t) {
  const at::Tensor host = t.to(at::kCPU).contiguous();
  const T* data = host.const_data_ptr<T>();
  return std::vector<T>(data, data + host.numel());
}

at::Tensor targets_of(const RowQuestions& questions, std::int64_t first, std::int64_t count,
                      at::Device device) {
  const at::Tensor targets = at::empty({count}, at::kLong);
  for (std::int64_t i = 0; i < count; ++i)
    targets.mutable_data_ptr<std::int64_t>()[i] =
        questions.targets[static_cast<std::size_t>(first + i)];
  return targets.to(device);
}

}  // namespace

std::vector<RowSummary> summarise_rows(const at::Tensor& logits, const RowQuestions& questions,
                                       std::int64_t first_row) {
  const std::int64_t rows = logits.size(0);
  const at::Tensor targets = targets_of(questions, first_row, rows, logits.device()).unsqueeze(1);
  const at::Tensor target = logits.gather(1, targets);
  const auto finite = to_vector<bool>(logits.isfinite().all(1));
  const auto target_logits = to_vector<float>(target);
  const auto above = to_vector<std::int64_t>((logits > target).sum(1));
  const auto equal = to_vector<std::int64_t>((logits == target).sum(1));
  const auto argmax = to_vector<std::int64_t>(logits.argmax(1));  // of several equals, the first
  const at::Tensor others = logits.scatter(1, targets, -std::numeric_limits<float>::infinity());
  const auto best_other = to_vector<float>(others.amax(1));
  const at::Tensor wide = logits.to(at::kDouble);
  const at::Tensor log_sum_exp = wide.logsumexp({1}, true);
  const at::Tensor log_probs = wide - log_sum_exp;
  const at::Tensor probs = log_probs.exp();
  const at::Tensor mean = (probs * log_probs).sum(1, true);
  const auto variances = to_vector<double>((probs * (log_probs - mean).pow(2)).sum(1));
  const auto means = to_vector<double>(mean);
  const auto sums = to_vector<double>(log_sum_exp);
  std::vector<std::vector<double>> sums_at;
  for (const double temperature : questions.temperatures)
    sums_at.push_back(to_vector<double>((wide / temperature).logsumexp({1})));
  const auto top = std::min<std::int64_t>(questions.top, logits.size(1));
  std::vector<float> top_logits;
  std::vector<std::int64_t> top_ids;
  if (top > 0) {
    const auto [values, ids] = at::sort(logits, /*stable=*/true, 1, /*descending=*/true);
    top_logits = to_vector<float>(values.narrow(1, 0, top));
    top_ids = to_vector<std::int64_t>(ids.narrow(1, 0, top));
  }
  std::vector<RowSummary> result(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < result.size(); ++i) {
    RowSummary& row = result[i];
    row.finite = finite[i];
    row.target_logit = target_logits[i];
    row.gap = target_logits[i] - best_other[i];
    row.rank = 1 + above[i];
    row.ties = static_cast<std::int32_t>(equal[i] - 1);
    row.argmax = static_cast<TokenId>(argmax[i]);
    row.log_sum_exp = sums[i];
    row.log_prob = static_cast<double>(target_logits[i]) - sums[i];
    row.mean_log_prob = means[i];
    row.entropy = -means[i];
    row.variance_log_prob = variances[i];
    for (const auto& at_temperature : sums_at) row.log_sum_exps.push_back(at_temperature[i]);
    const auto begin = static_cast<std::ptrdiff_t>(i) * top;
    row.top_logits.assign(top_logits.begin() + begin, top_logits.begin() + begin + top);
    row.top_ids.assign(top_ids.begin() + begin, top_ids.begin() + begin + top);
  }
  return result;
}

TiledStatistics::TiledStatistics(RowQuestions questions, const std::vector<float>& estimates,
                                 const std::vector<float>& tolerances, const kernels::Table& table)
    : questions_(std::move(questions)), table_(table) {
  const std::size_t rows = questions_.targets.size();
  for (const double temperature : questions_.temperatures)
    inverse_temperatures_.push_back(static_cast<float>(1.0 / temperature));
  states_.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    states_[i].target = questions_.targets[i];
    states_[i].band_low = estimates[i] - tolerances[i];
    states_[i].band_high = estimates[i] + tolerances[i];
  }
  temperature_sums_.resize(rows * inverse_temperatures_.size());
  top_logits_.resize(rows * static_cast<std::size_t>(questions_.top));
  top_ids_.resize(top_logits_.size());
}

void TiledStatistics::add(const at::Tensor& logits, std::int64_t first_row, TokenId first_id) {
  const float* const data = logits.const_data_ptr<float>();
  const std::int64_t tokens = logits.size(1);
  const auto temperatures = static_cast<std::int64_t>(inverse_temperatures_.size());
  at::parallel_for(0, logits.size(0), 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = first_row + i;
      table_.tile({data + i * tokens, tokens, first_id, &states_[static_cast<std::size_t>(row)],
                   inverse_temperatures_.data(), temperature_sums_.data() + row * temperatures,
                   static_cast<int>(temperatures), top_logits_.data() + row * questions_.top,
                   top_ids_.data() + row * questions_.top, questions_.top});
    }
  });
}

bool TiledStatistics::close(std::size_t row, RowSummary& summary) const {
  const kernels::TileState& state = states_[row];
  summary.finite = std::isfinite(state.sum) && std::isfinite(state.sum_d) &&
                   std::isfinite(state.sum_dd) && std::isfinite(state.maximum);
  if (!summary.finite) return true;
  const float target = state.target_logit;
  if (!(state.band_low <= target && target <= state.band_high)) return false;
  if (state.band_count > kernels::kMaxBand) return false;
  const float* const band_end = state.band + state.band_count;
  const auto above = std::count_if(state.band, band_end, [=](float x) { return x > target; });
  summary.target_logit = target;
  summary.gap = target - state.best_other;
  summary.rank = 1 + state.above + above;
  summary.ties = static_cast<std::int32_t>(std::count(state.band, band_end, target));
  const bool target_first = target > state.best_other ||
                            (target == state.best_other && state.target < state.argmax_other);
  summary.argmax = target_first ? state.target : state.argmax_other;
  const auto maximum = static_cast<double>(state.maximum);
  const double log_sum = std::log(state.sum), mean = state.sum_d / state.sum;
  summary.log_sum_exp = maximum + log_sum;
  summary.log_prob = (static_cast<double>(target) - maximum) - log_sum;
  summary.mean_log_prob = mean - log_sum;
  summary.entropy = log_sum - mean;
  summary.variance_log_prob = std::max(0.0, state.sum_dd / state.sum - mean * mean);
  const std::size_t temperatures = inverse_temperatures_.size();
  for (std::size_t t = 0; t < temperatures; ++t)
    summary.log_sum_exps.push_back(maximum / questions_.temperatures[t] +
                                   std::log(temperature_sums_[row * temperatures + t]));
  const auto top = static_cast<std::ptrdiff_t>(questions_.top);
  const auto begin = static_cast<std::ptrdiff_t>(row) * top;
  summary.top_logits.assign(top_logits_.begin() + begin,
                            top_logits_.begin() + begin + state.top_count);
  summary.top_ids.assign(top_ids_.begin() + begin, top_ids_.begin() + begin + state.top_count);
  return true;
}

TiledStatistics::Result TiledStatistics::finish() const {
  Result result;
  result.rows.resize(states_.size());
  for (std::size_t row = 0; row < states_.size(); ++row)
    if (!close(row, result.rows[row])) result.open.push_back(static_cast<std::int64_t>(row));
  return result;
}

}  // namespace souvenir
