#include "harness/backend/head.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "harness/backend/decoding_rule.h"

namespace souvenir {
namespace {

constexpr int kTopForRules = 64;  // the most likely tokens that most truncating rules need

// What has to be asked of every row so that as few as possible must be looked at whole.
RowQuestions questions_for(const std::vector<TokenId>& targets, const ScoreOptions& options,
                           std::int64_t vocabulary) {
  RowQuestions questions{targets, options.temperatures, options.top};
  for (const DecodingRule& rule : options.rules) {
    questions.temperatures.push_back(rule.temperature);
    if (truncates(rule, vocabulary)) questions.top = std::max(questions.top, kTopForRules);
  }
  questions.top = static_cast<int>(std::min<std::int64_t>(questions.top, vocabulary));
  return questions;
}

// Fills the rules' log-probabilities that the summary settles; NaN marks the others.
// `temperatures` are the log-sum-exps of the rules, in order.
std::vector<double> rules_from_summary(const RowSummary& row, TokenId target,
                                       const ScoreOptions& options, std::int64_t vocabulary) {
  std::vector<double> result;
  for (std::size_t i = 0; i < options.rules.size(); ++i) {
    const DecodingRule& rule = options.rules[i];
    if (rule.top_k > 0 && row.rank > rule.top_k) {
      result.push_back(-std::numeric_limits<double>::infinity());
      continue;
    }
    const double log_sum_exp = row.log_sum_exps[options.temperatures.size() + i];
    const auto kept =
        kept_tokens_from_top(row.top_logits, row.top_ids, vocabulary, log_sum_exp, rule);
    result.push_back(kept
                         ? rule_log_prob(*kept, rule, static_cast<double>(row.target_logit), target)
                         : std::numeric_limits<double>::quiet_NaN());
  }
  return result;
}

at::Tensor index_tensor(const std::vector<std::int64_t>& values, at::Device device) {
  return at::tensor(at::ArrayRef<std::int64_t>(values), at::kLong).to(device);
}

}  // namespace

Head::Head(at::Tensor weight, at::Tensor bias, Packing packing, double cap)
    : weight_(std::move(weight)), bias_(std::move(bias)), packing_(packing), cap_(cap) {
  // Tiles of equal width, so that none is a sliver.
  const std::int64_t count = (vocabulary() + kTile - 1) / kTile;
  tile_columns_ = kernels::round_up((vocabulary() + count - 1) / count, 64);
  const std::int64_t bytes = weight_.numel() * static_cast<std::int64_t>(sizeof(float));
  if (packing == Packing::never || !weight_.is_cpu() || bytes > kPackedBytes) return;
  for (std::int64_t i = 0; i < tiles(); ++i) {
    Linear linear = tile(i, packing);
    if (!linear.packed()) {
      packed_.clear();
      return;
    }
    packed_.push_back(std::move(linear));
  }
}

at::Tensor Head::logits(const Linear& tile, const at::Tensor& hidden) const {
  at::Tensor values = tile(hidden);
  return cap_ > 0.0 ? values.div_(cap_).tanh_().mul_(cap_) : values;
}

Linear Head::layer(std::int64_t index, std::int64_t rows) const {
  if (!packed_.empty()) return packed_[static_cast<std::size_t>(index)];
  return tile(index,
              rows < kRows ? Packing::never : packing_);  // packing costs as much as 100 rows
}

Linear Head::tile(std::int64_t index, Packing packing) const {
  const std::int64_t first = index * tile_columns_;
  const std::int64_t count = std::min(tile_columns_, vocabulary() - first);
  at::Tensor bias = bias_.defined() ? bias_.narrow(0, first, count).to(at::kFloat) : bias_;
  return {weight_.narrow(0, first, count).to(at::kFloat), std::move(bias), packing};
}

void Head::for_rows(const at::Tensor& hidden, const VisitRows& visit) const {
  const std::int64_t row_bytes = vocabulary() * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t step = std::clamp<std::int64_t>(kRowBytes / row_bytes, 1, kRows);
  for (std::int64_t first = 0; first < hidden.size(0); first += step) {
    const at::Tensor rows = hidden.narrow(0, first, std::min(step, hidden.size(0) - first));
    const at::Tensor logits = at::empty({rows.size(0), vocabulary()}, rows.options());
    for (std::int64_t i = 0; i < tiles(); ++i) {
      const at::Tensor part = this->logits(layer(i, rows.size(0)), rows);
      logits.narrow(1, i * tile_columns_, part.size(1)).copy_(part);
    }
    visit(logits, first);
  }
}

void Head::summarise_open(const at::Tensor& hidden, const RowQuestions& questions,
                          const std::vector<std::int64_t>& open,
                          std::vector<RowSummary>& rows) const {
  if (open.empty()) return;
  RowQuestions some{{}, questions.temperatures, questions.top};
  for (const std::int64_t row : open)
    some.targets.push_back(questions.targets[static_cast<std::size_t>(row)]);
  for_rows(hidden.index_select(0, index_tensor(open, hidden.device())),
           [&](const at::Tensor& logits, std::int64_t first) {
             std::vector<RowSummary> summaries = summarise_rows(logits, some, first);
             for (std::size_t i = 0; i < summaries.size(); ++i)
               rows[static_cast<std::size_t>(open[static_cast<std::size_t>(first) + i])] =
                   std::move(summaries[i]);
           });
}

std::vector<RowSummary> Head::summarise(const at::Tensor& hidden, const RowQuestions& questions,
                                        HeadPath path) const {
  std::vector<RowSummary> rows;
  if (path == HeadPath::whole_rows || !hidden.is_cpu()) {
    for_rows(hidden, [&](const at::Tensor& logits, std::int64_t first) {
      for (RowSummary& row : summarise_rows(logits, questions, first))
        rows.push_back(std::move(row));
    });
    return rows;
  }
  // The targets' logits by a plain sum in float64, and how far a float32 product may be from them:
  // some units in the last place of the sum of absolute terms.
  const at::Tensor targets = at::tensor(at::ArrayRef<TokenId>(questions.targets)).to(at::kLong);
  const at::Tensor terms = weight_.index_select(0, targets).to(at::kDouble).mul_(hidden);
  at::Tensor estimate = terms.sum(1);
  if (bias_.defined()) estimate += bias_.index_select(0, targets);
  at::Tensor tolerance = terms.abs_().sum(1).add_(1e-3).mul_(16 * 0x1.0p-24);
  if (cap_ > 0.0) {  // whose slope is 1 at most, and which rounds a few times itself
    estimate = estimate.div_(cap_).tanh_().mul_(cap_);
    tolerance = tolerance.add_(cap_ * 8 * 0x1.0p-24);
  }
  const auto floats = [](const at::Tensor& t) {
    const at::Tensor f = t.to(at::kFloat);
    return std::vector<float>(f.const_data_ptr<float>(), f.const_data_ptr<float>() + f.numel());
  };
  TiledStatistics statistics(questions, floats(estimate), floats(tolerance));
  for (std::int64_t i = 0; i < tiles(); ++i) {
    const Linear linear = layer(i, hidden.size(0));
    for (std::int64_t first = 0; first < hidden.size(0); first += kRows) {
      const at::Tensor part = hidden.narrow(0, first, std::min(kRows, hidden.size(0) - first));
      statistics.add(logits(linear, part), first, static_cast<TokenId>(i * tile_columns_));
    }
  }
  TiledStatistics::Result result = statistics.finish();
  summarise_open(hidden, questions, result.open, result.rows);
  return std::move(result.rows);
}

std::vector<Head::Row> Head::score(const at::Tensor& hidden, const std::vector<TokenId>& targets,
                                   const ScoreOptions& options, HeadPath path) const {
  const RowQuestions questions = questions_for(targets, options, vocabulary());
  std::vector<RowSummary> summaries = summarise(hidden, questions, path);
  std::vector<Row> rows(summaries.size());
  std::vector<std::int64_t> open;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    RowSummary& summary = rows[i].summary = std::move(summaries[i]);
    if (!summary.finite) continue;
    std::vector<double>& found = rows[i].rule_log_probs;
    found = rules_from_summary(summary, targets[i], options, vocabulary());
    if (std::any_of(found.begin(), found.end(), [](double x) { return std::isnan(x); }))
      open.push_back(static_cast<std::int64_t>(i));
    // What was asked for the rules' sake is not passed on.
    summary.log_sum_exps.resize(options.temperatures.size());
    const auto top = std::min(static_cast<std::size_t>(options.top), summary.top_ids.size());
    summary.top_ids.resize(top);
    summary.top_logits.resize(top);
  }
  settle_rules(hidden, targets, options, open, rows);
  return rows;
}

void Head::settle_rules(const at::Tensor& hidden, const std::vector<TokenId>& targets,
                        const ScoreOptions& options, const std::vector<std::int64_t>& open,
                        std::vector<Row>& rows) const {
  if (open.empty()) return;
  const auto settle = [&](std::span<const float> logits, std::size_t row) {
    const TokenId target = targets[row];
    for (std::size_t r = 0; r < options.rules.size(); ++r) {
      double& log_prob = rows[row].rule_log_probs[r];
      if (!std::isnan(log_prob)) continue;
      const DecodingRule& rule = options.rules[r];
      log_prob =
          rule_log_prob(kept_tokens(logits, rule), rule,
                        static_cast<double>(logits[static_cast<std::size_t>(target)]), target);
    }
  };
  const at::Tensor states = hidden.index_select(0, index_tensor(open, hidden.device()));
  for_rows(states, [&](const at::Tensor& logits, std::int64_t first) {
    const at::Tensor host = logits.to(at::kCPU);
    at::parallel_for(0, host.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const float* row = host.const_data_ptr<float>() + i * vocabulary();
        settle({row, static_cast<std::size_t>(vocabulary())},
               static_cast<std::size_t>(open[static_cast<std::size_t>(first + i)]));
      }
    });
  });
}

}  // namespace souvenir
