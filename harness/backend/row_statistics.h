#pragma once

#include <cstdint>
#include <vector>

#include "harness/backend/aten.h"
#include "harness/backend/kernels/kernels.h"
#include "harness/types.h"

namespace souvenir {

// What is asked of every row of logits.
//
//   targets       [rows] the token whose probability is meant
//   temperatures  for which a log-sum-exp is wanted
//   top           how many of the most likely tokens to list
struct RowQuestions {
  std::vector<TokenId> targets;
  std::vector<double> temperatures;
  int top = 0;
};

// The answer for one row; the fields mean what they mean in evidence/observation.h.
//
//   finite     false: some logit is NaN or infinite, and nothing else is meant
//   log_sum_exp, log_sum_exps  of logits, and of logits / temperature
struct RowSummary {
  bool finite = true;
  float target_logit = 0, gap = 0;
  std::int64_t rank = 0;
  std::int32_t ties = 0;
  TokenId argmax = 0;
  double log_sum_exp = 0, log_prob = 0, entropy = 0, mean_log_prob = 0, variance_log_prob = 0;
  std::vector<double> log_sum_exps;
  std::vector<TokenId> top_ids;
  std::vector<float> top_logits;
};

// Summarises whole rows, on any device, in float64: the plain way, and the one for rows that the
// tiled way leaves open.
//
//   logits     [rows, vocabulary] float32
//   first_row  the row of `questions` that logits[0] is
std::vector<RowSummary> summarise_rows(const at::Tensor& logits, const RowQuestions& questions,
                                       std::int64_t first_row);

// Summarises rows whose logits come tile by tile, on the CPU, without keeping them.
//
// The rank of a target is counted before its logit is known: every logit is compared with a band
// in which the target's surely lies, and those inside are kept until it is. A row is open, for
// summarise_rows to answer, if too many fell inside or the band was wrong.
//
// Exact  sums in float64 over runs of 128 tokens at most summed in float32: 1e-6 nats
class TiledStatistics {
 public:
  //   estimates   [rows] the targets' logits, by another route
  //   tolerances  [rows] half width of the band
  TiledStatistics(RowQuestions questions, const std::vector<float>& estimates,
                  const std::vector<float>& tolerances,
                  const kernels::Table& table = *kernels::available()[0]);

  // Takes a tile: ascending and gapless in `first_id` for each row.
  //
  //   logits  [count, tokens] float32, contiguous: rows first_row onwards, ids first_id onwards
  void add(const at::Tensor& logits, std::int64_t first_row, TokenId first_id);

  // Returns the rows' summaries, and in `open` the rows that have none.
  struct Result {
    std::vector<RowSummary> rows;
    std::vector<std::int64_t> open;
  };
  Result finish() const;

 private:
  bool close(std::size_t row, RowSummary& summary) const;

  RowQuestions questions_;
  const kernels::Table& table_;
  std::vector<float> inverse_temperatures_;
  std::vector<kernels::TileState> states_;
  std::vector<double> temperature_sums_;  // [rows][temperatures]
  std::vector<float> top_logits_;         // [rows][top]
  std::vector<TokenId> top_ids_;
};

}  // namespace souvenir
