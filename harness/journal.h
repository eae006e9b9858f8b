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
#include "harness/near_tie.h"
#include "harness/probe.h"
#include "harness/subjects.h"

namespace souvenir {

class Database;
class FolderLock;

// A string on its way into the plan.
//
//   cut        what is scored; nothing for a string that is known by its HMAC alone
//   lowercase  the same prefix with the secret in lower case, where a probe asks for it
struct PlannedString {
  const Subject* subject = nullptr;
  std::int64_t window = 0;
  Sensitive prefix;
  Sensitive secret;
  std::optional<CutString> cut;
  std::optional<CutString> lowercase;
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

// What a plan holds, for saying what it could find.
//
//   persons   among the measured strings, where any is given
//   planted, held_out  canaries
//   tokens    of the first pass, prefixes included
struct PlanCounts {
  std::int64_t measured = 0;
  std::int64_t persons = 0;
  std::int64_t members = 0;
  std::int64_t controls = 0;
  std::int64_t planted = 0;
  std::int64_t held_out = 0;
  std::int64_t tokens = 0;
};

// A pass over the requests: all of them as the plan says, then again in float32 those whose greedy
// match hangs on a near-tie, or whose probability lies near a threshold, and a random sample; and
// those of whole strings by the reference model.
enum class Pass { first = 0, confirm = 1, reference = 2 };

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
  // A journal in memory: what would be asked, and nothing of it on the disk.
  Journal();
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
  // requests are cut into batches: longest first, those behind one prefix together, up to
  // `token_budget` tokens each. Batches are a pure function of the strings and the budget.
  struct PlanWriter {
    std::function<bool(const std::string& subject)> is_new;  // false: the id stood before
    std::function<void(const PlannedString&)> add;
    std::function<void(const std::string& reason)> leave_out;
  };
  //
  //   after  called when the strings stand, to plan what is asked besides, in the same transaction
  void plan(const ScoreOptions& options, std::int64_t token_budget,
            const std::function<void(const PlanWriter&)>& write,
            const std::function<void(const PlanWriter&)>& after = {});

  // Draws strings to be asked again in float32 whatever the first pass says: those whose digests
  // come first. Within `plan`.
  void draw_recheck(std::int64_t strings);

  // Starts a further pass, once: over requests that the first left in doubt and those that were
  // drawn, or over all strings.
  void plan_pass(Pass pass, std::int64_t token_budget);
  bool pass_planned(Pass pass) const;

  std::int64_t batches(Pass pass) const;
  std::vector<std::int64_t> open_batches(Pass pass) const;
  std::vector<JournalRequest> batch(Pass pass, std::int64_t ordinal) const;
  void commit(Pass pass, std::int64_t ordinal, const std::vector<JournalRequest>& requests,
              const std::vector<ScoreResult>& results, const Doubt& doubt);

  JournalTotals totals() const;
  PlanCounts plan_counts() const;
  std::vector<LeftOut> left_out() const;

  // Returns the answered strings.
  //
  //   unscored  also those that were only looked for in what the model wrote
  std::unique_ptr<StringCursor> strings(bool unscored = false) const;

  // Returns those of one subject or person, further copies of a pair included.
  std::unique_ptr<StringCursor> strings_of(const std::string& id) const;

  // Calls `visit` with the prefix, secret and scored ids of every string.
  // Sensitive: subject data, for the leak scan.
  void each_text(const std::function<void(const std::string& prefix, const std::string& secret,
                                          const std::vector<TokenId>& ids)>& visit) const;

  Database& database() const { return *database_; }

 private:
  void create_schema();

  std::unique_ptr<FolderLock> lock_;
  std::unique_ptr<Database> database_;
};

}  // namespace souvenir
