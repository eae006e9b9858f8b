#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "harness/backend/aten.h"
#include "harness/backend/linear.h"
#include "harness/backend/paths.h"
#include "harness/backend/row_statistics.h"
#include "harness/language_model.h"

namespace souvenir {

// Turns final hidden states into logits and what is asked of them.
//
// Logits are float32 whatever the weights' dtype: a 16-bit product would keep three digits of them.
// [rows, vocabulary] exists for a few rows at a time only, bounded by kRowBytes.
//
// Owns  the weight as given, and on the CPU a float32 copy packed in tiles unless that would be
//       larger than kPackedBytes; tiles are then converted as they are needed.
class Head {
 public:
  static constexpr std::int64_t kTile = 4096;          // columns of a tile, at most
  static constexpr std::int64_t kRows = 256;           // rows of a tile, at most
  static constexpr std::int64_t kRowBytes = 32 << 20;  // whole rows at a time
  static constexpr std::int64_t kPackedBytes = 512 << 20;

  Head() = default;

  //   weight  [vocabulary, hidden], bias [vocabulary] or undefined
  //   cap     a logit l becomes cap tanh(l / cap); 0: it stays
  Head(at::Tensor weight, at::Tensor bias, Packing packing = Packing::when_possible,
       double cap = 0.0);

  std::int64_t vocabulary() const { return weight_.size(0); }

  // What score returns of one row.
  //
  //   rule_log_probs  [rules] nats
  struct Row {
    RowSummary summary;
    std::vector<double> rule_log_probs;
  };

  // Summarises the distribution after each hidden state.
  //
  //   hidden   [rows, hidden] float32, after the final norm
  //   targets  [rows]
  std::vector<Row> score(const at::Tensor& hidden, const std::vector<TokenId>& targets,
                         const ScoreOptions& options, HeadPath path = HeadPath::automatic) const;

  // Returns the log-probabilities of some tokens after some hidden states, in nats; NaN where a
  // logit of the row is NaN or infinite.
  //
  //   asked  rows ascend; a row may be asked about several tokens, or none
  struct Asked {
    std::int64_t row = 0;
    TokenId token = 0;
  };
  std::vector<double> log_probs(const at::Tensor& hidden, std::span<const Asked> asked) const;

  // Calls visit(logits, first_row) with whole rows, a few at a time; logits [count, vocabulary].
  using VisitRows = std::function<void(const at::Tensor& logits, std::int64_t first_row)>;
  void for_rows(const at::Tensor& hidden, const VisitRows& visit) const;

 private:
  std::vector<RowSummary> summarise(const at::Tensor& hidden, const RowQuestions& questions,
                                    HeadPath path) const;
  void summarise_open(const at::Tensor& hidden, const RowQuestions& questions,
                      const std::vector<std::int64_t>& open, std::vector<RowSummary>& rows) const;
  void settle_rules(const at::Tensor& hidden, const std::vector<TokenId>& targets,
                    const ScoreOptions& options, const std::vector<std::int64_t>& open,
                    std::vector<Row>& rows) const;
  at::Tensor logits(const Linear& tile, const at::Tensor& hidden) const;
  Linear layer(std::int64_t index, std::int64_t rows) const;
  Linear tile(std::int64_t index, Packing packing) const;
  std::int64_t tiles() const { return (vocabulary() + tile_columns_ - 1) / tile_columns_; }

  at::Tensor weight_, bias_;
  std::vector<Linear> packed_;
  std::int64_t tile_columns_ = kTile;
  Packing packing_ = Packing::when_possible;
  double cap_ = 0.0;
};

}  // namespace souvenir
