#include "harness/backend/scoring_batch.h"

#include <string>
#include <utility>

#include "harness/backend/shared_rows.h"

namespace souvenir {
namespace {

void append(ScoreObservation& to, const Head::Row& row) {
  const RowSummary& s = row.summary;
  to.log_probs.push_back(s.log_prob);
  to.ranks.push_back(s.rank);
  to.ties.push_back(s.ties);
  to.gaps.push_back(s.gap);
  to.argmax.push_back(s.argmax);
  to.entropies.push_back(s.entropy);
  to.mean_log_probs.push_back(s.mean_log_prob);
  to.variance_log_probs.push_back(s.variance_log_prob);
  for (std::size_t i = 0; i < to.rule_log_probs.size(); ++i)
    to.rule_log_probs[i].push_back(row.rule_log_probs[i]);
  for (std::size_t i = 0; i < to.log_sum_exps.size(); ++i)
    to.log_sum_exps[i].push_back(s.log_sum_exps[i]);
}

}  // namespace

void ScoringBatch::share(std::span<const ScoreRequest> requests) {
  SharedRows shared = share_rows(requests);
  rows.ids = std::move(shared.ids);
  rows.positions = std::move(shared.positions);
  rows.segments = std::move(shared.segments);
  kept = std::move(shared.kept);
  token_rows = std::move(shared.rows);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::vector<TokenId>& ids = requests[i].ids;
    const std::size_t prefix = requests[i].prefix_ids.size();
    const std::size_t first = prefix == 0 ? 1 : 0;
    scored.push_back(ids.size() - first);
    for (std::size_t t = first; t < ids.size(); ++t) {
      rows.wanted.push_back(token_rows[i][prefix + t - 1]);
      targets.push_back(ids[t]);
    }
  }
}

// The last token is no input: nothing after it is scored.
void ScoringBatch::add(const ScoreRequest& request) {
  std::vector<TokenId> tokens = request.prefix_ids;
  tokens.insert(tokens.end(), request.ids.begin(), request.ids.end());
  Segment segment;
  segment.length = static_cast<std::int64_t>(tokens.size());
  tokens.pop_back();
  rows.add(tokens, segment);
  const std::size_t first = request.prefix_ids.empty() ? 1 : 0;
  scored.push_back(request.ids.size() - first);
  const auto end = static_cast<std::int64_t>(rows.ids.size());
  for (std::size_t i = first; i < request.ids.size(); ++i) {
    rows.wanted.push_back(end - static_cast<std::int64_t>(request.ids.size() - i));
    targets.push_back(request.ids[i]);
  }
}

void ScoringBatch::fill_up() {
  rows.fill_up();
  targets.resize(rows.wanted.size(), targets.back());
}

void add_rows(ScoreResult& result, std::span<Head::Row> rows, const ScoreOptions& options) {
  if (!result.observation) {
    result.observation.emplace();
    result.observation->rule_log_probs.resize(options.rules.size());
    result.observation->log_sum_exps.resize(options.temperatures.size());
  }
  ScoreObservation& observation = *result.observation;
  for (Head::Row& row : rows) {
    if (!row.summary.finite) {
      result = {std::nullopt, "logits are NaN or infinite at scored token " +
                                  std::to_string(observation.log_probs.size())};
      return;
    }
    append(observation, row);
    if (options.top == 0) continue;
    observation.top_ids.push_back(std::move(row.summary.top_ids));
    observation.top_logits.push_back(std::move(row.summary.top_logits));
  }
}

}  // namespace souvenir
