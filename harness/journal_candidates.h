#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/canary_space.h"
#include "harness/evidence/sensitive.h"
#include "harness/probe.h"
#include "harness/sqlite.h"

namespace souvenir {

// Candidates of one space behind one prefix, shared by every canary that has both.
//
//   exact  index i stands for the i-th secret of the space; else for the i-th of a named sample
struct CandidateSet {
  std::int64_t ordinal = 0;
  std::string space;
  Sensitive prefix;
  bool exact = false;
  std::int64_t count = 0;
};

// A run of candidates of one set, or the search for one canary's place in its space: the unit of
// commit.
//
//   count   candidates; of a search, the tokens that the model may read
//   secret  of the canary that is searched for
struct CandidateBatch {
  CandidateSet set;
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::optional<Sensitive> secret = {};
};

// The part of the journal that ranks canaries: one log-probability per candidate, in order; the
// candidates themselves are not stored, since space, seed and index give them back.
//
// Borrows the database. Sensitive: prefixes.
class CandidateJournal {
 public:
  explicit CandidateJournal(Database& database);

  // Plans a set for every distinct (space, prefix) of the canaries in the journal; within the
  // caller's transaction.
  void plan(const CandidateNeeds& needs, const std::vector<CanarySpace>& spaces);

  std::int64_t batches() const;
  std::vector<CandidateBatch> open_batches() const;

  //   log_probs  [count] nats; NaN where the model refused the candidate
  void commit(const CandidateBatch& batch, const std::vector<double>& log_probs);

  //   found  nothing where the space could not be searched
  void commit(const CandidateBatch& batch, const std::optional<SearchedRank>& found);

  // Returns what the search for a canary's place found; nothing where there was none.
  std::optional<SearchedRank> searched(std::int64_t string);

  // Ranks a canary among its candidates.
  //
  //   own_log_prob  nats, of the same pass
  //
  // Returns  nothing if its set is not answered, or some candidate was refused
  // Ties     within 1e-5 nats, which is what batching may move a log-probability by
  std::optional<CandidateRank> rank(std::int64_t string, double own_log_prob);

  std::int64_t candidates() const;

  // Estimates the tokens that a model reads for all sets, given those of one string.
  // Errs  high: of a whole space, a quarter of the secrets are taken to have a beginning of their
  //       own (numbers: a ninth)
  double forwards(double string_tokens) const;

 private:
  void write(const CandidateBatch& batch, const std::string& body);
  const std::vector<double>& answers(std::int64_t set);

  Database& database_;
  std::int64_t held_ = -1;
  std::vector<double> held_answers_;
};

}  // namespace souvenir
