#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/boundary.h"
#include "harness/evidence/evidence.h"
#include "harness/language_model.h"
#include "harness/probe.h"
#include "harness/subjects.h"

namespace souvenir {

class Database;

// A string on its way into the plan.
struct PlannedString {
  const Subject* subject = nullptr;
  std::int64_t window = 0;
  Sensitive prefix;
  Sensitive secret;
  CutString cut;
};

struct JournalRequest {
  std::int64_t ordinal = 0;
  ScoreRequest request;
};

struct JournalTotals {
  std::int64_t strings = 0;
  std::int64_t requests = 0;
  std::int64_t scored_tokens = 0;
  std::int64_t duplicates = 0;
  std::int64_t straddling = 0;
  std::int64_t with_specials = 0;
  std::int64_t persons = 0;
};

// A pass over the requests: all of them as the plan says, then again in float32 those whose greedy
// match hangs on a near-tie.
enum class Pass { first = 0, confirm = 1 };

// Records what is asked and what was answered, so that a killed run resumes, and a judgement can be
// made again without a model. One SQLite file (write-ahead log, mode 0600) in `private/`; the batch
// is the unit of commit: it is in the journal whole or not at all.
//
// Holds subject data. Owns the file and an exclusive lock on it; one thread.
// Format: harness/README.md, "Journal".
class Journal {
 public:
  // Opens or creates `directory`/journal.sqlite.
  //
  // Errors  usage: another run holds the lock
  //         resource: a folder that cannot be written, a full disk
  //         integrity: damaged
  explicit Journal(const std::string& directory);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Records what this journal is about, or compares it with what it was about before.
  //
  // Errors  usage: names the first field that differs, the recorded and the given
  void identify(const nlohmann::json& identity);
  nlohmann::json identity() const;

  bool planned() const;

  // Writes a plan within one transaction: `add` is called by `write` for every string, then the
  // requests are cut into batches: longest first, up to `token_budget` tokens each. Batches are a
  // pure function of the strings and the budget.
  struct PlanWriter {
    std::function<bool(const std::string& subject)> is_new;  // false: the id stood before
    std::function<void(const PlannedString&)> add;
    std::function<void(const std::string& reason)> leave_out;
  };
  void plan(const ScoreOptions& options, std::int64_t token_budget,
            const std::function<void(const PlanWriter&)>& write);

  // Starts the second pass over requests with a near-tie in the first; once. Returns its batches.
  void plan_confirm(std::int64_t token_budget);
  bool confirm_planned() const;

  std::int64_t batches(Pass pass) const;
  std::vector<std::int64_t> open_batches(Pass pass) const;
  std::vector<JournalRequest> batch(Pass pass, std::int64_t ordinal) const;
  void commit(Pass pass, std::int64_t ordinal, const std::vector<JournalRequest>& requests,
              const std::vector<ScoreResult>& results, double near_tie_delta);

  JournalTotals totals() const;
  std::vector<LeftOut> left_out() const;
  std::unique_ptr<StringCursor> strings() const;

  // Calls `visit` with the prefix, secret and scored ids of every string.
  // Sensitive: subject data, for the leak scan.
  void each_text(const std::function<void(const std::string& prefix, const std::string& secret,
                                          const std::vector<TokenId>& ids)>& visit) const;

  Database& database() const { return *database_; }

 private:
  void create_schema();

  int lock_ = -1;
  std::unique_ptr<Database> database_;
};

}  // namespace souvenir
