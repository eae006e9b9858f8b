#include "harness/journal_share.h"

#include "harness/digest.h"
#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/journal_candidates.h"
#include "harness/journal_prompts.h"
#include "harness/sqlite.h"

namespace souvenir {

namespace {

using nlohmann::json;

// Reads weights once for a few rows where scoring has thousands.
constexpr std::int64_t kWrittenToken = 8;

// Everything that is planned alike in every shard, in one order.
constexpr const char* kPlan[] = {
    "SELECT * FROM string ORDER BY ordinal",
    "SELECT * FROM request ORDER BY ordinal",
    "SELECT batch, request FROM member WHERE pass = 0 ORDER BY batch, request",
    "SELECT * FROM candidate_set ORDER BY ordinal",
    "SELECT candidates, first, count FROM candidate_batch ORDER BY candidates, first",
    "SELECT * FROM candidate_own ORDER BY string",
    "SELECT * FROM prompt ORDER BY ordinal",
    "SELECT * FROM prompt_use ORDER BY string, prompt",
    "SELECT * FROM left_out ORDER BY reason",
};

std::string digest_of_plan(Database& database) {
  Sha256 digest;
  for (const char* sql : kPlan) {
    Statement select(database, sql);
    digest.update(sql);
    while (select.step()) {
      for (int column = 0; column < select.columns(); ++column) {
        const std::string value = select.text(column);
        digest.update(std::to_string(value.size()) + (select.is_null(column) ? "n" : ":"));
        digest.update(value);
      }
    }
  }
  return hex(digest.finish());
}

// The batches of one kind with what they cost, and how to drop one.
//
//   select  rows of a cost and one or two keys
//   drop    takes those keys
struct Kind {
  const char* select;
  const char* drop;
  int keys;
};

constexpr Kind kFirst = {
    "SELECT sum(r.tokens), m.batch FROM member m JOIN request r ON r.ordinal = m.request "
    "WHERE m.pass = 0 GROUP BY m.batch ORDER BY m.batch",
    "DELETE FROM batch WHERE pass = 0 AND ordinal = ?", 1};
constexpr Kind kReference = {
    "SELECT sum(r.tokens), m.batch FROM member m JOIN request r ON r.ordinal = m.request "
    "WHERE m.pass = 2 GROUP BY m.batch ORDER BY m.batch",
    "DELETE FROM batch WHERE pass = 2 AND ordinal = ?", 1};
// Of a whole space, what candidates share is read once; a search reads up to its budget.
constexpr Kind kCandidates = {
    "SELECT CASE WHEN b.first < 0 THEN b.count WHEN s.exact THEN (b.count + 3) / 4 "
    "ELSE 8 * b.count END, b.candidates, b.first FROM candidate_batch b "
    "JOIN candidate_set s ON s.ordinal = b.candidates ORDER BY b.candidates, b.first",
    "DELETE FROM candidate_batch WHERE candidates = ? AND first = ?", 2};

struct Unit {
  std::int64_t cost = 0;
  std::int64_t keys[2] = {0, 0};
};

std::vector<Unit> units_of(Database& database, const Kind& kind) {
  Statement select(database, kind.select);
  std::vector<Unit> units;
  while (select.step()) {
    Unit unit{select.integer(0), {select.integer(1), 0}};
    if (kind.keys == 2) unit.keys[1] = select.integer(2);
    units.push_back(unit);
  }
  return units;
}

void drop_others(Database& database, const Kind& kind, const std::vector<Unit>& units,
                 const std::vector<std::int64_t>& shares, std::int64_t own) {
  Statement drop(database, kind.drop);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (shares[i] == own) continue;
    for (int key = 0; key < kind.keys; ++key) drop.bind(key, units[i].keys[key]);
    drop.execute();
  }
}

std::vector<std::int64_t> costs_of(const std::vector<Unit>& units) {
  std::vector<std::int64_t> costs;
  for (const Unit& unit : units) costs.push_back(unit.cost);
  return costs;
}

void share(Database& database, const Kind& kind, WorkShares& work, std::int64_t own) {
  const std::vector<Unit> units = units_of(database, kind);
  drop_others(database, kind, units, work.hand_out(costs_of(units)), own);
}

void share_prompts(Database& database, WorkShares& work, std::int64_t own,
                   const std::vector<PromptNeeds>& prompts) {
  Statement select(database,
                   "SELECT batch, need, sum(tokens), count(*) FROM prompt GROUP BY batch, need "
                   "ORDER BY batch");
  std::vector<Unit> units;
  while (select.step()) {
    const GenerateOptions& options =
        prompts.at(static_cast<std::size_t>(select.integer(1))).generate;
    units.push_back({select.integer(2) + select.integer(3) * kWrittenToken * options.samples *
                                             options.max_new_tokens,
                     {select.integer(0), 0}});
  }
  constexpr Kind kPrompts = {nullptr, "DELETE FROM prompt_batch WHERE ordinal = ?", 1};
  drop_others(database, kPrompts, units, work.hand_out(costs_of(units)), own);
}

std::optional<ShardNote> note_in(Database& database) {
  const json note = read_note(database, "shard");
  if (note.is_null()) return std::nullopt;
  try {
    return ShardNote{{note.at("index"), note.at("count")},
                     note.at("token_budget"),
                     note.at("plan"),
                     note.at("first"),
                     note.at("candidates"),
                     note.at("prompts")};
  } catch (const json::exception&) {
    throw Error(ErrorKind::integrity, "journal: what it says of its shard is damaged");
  }
}

}  // namespace

std::optional<ShardNote> shard_note(const Journal& journal) { return note_in(journal.database()); }

void take_share(Journal& journal, const Shard& shard, std::int64_t token_budget,
                const std::vector<PromptNeeds>& prompts) {
  Database& database = journal.database();
  if (note_in(database)) return;
  // Tables that an audit without canaries or prompts has not made.
  const std::int64_t candidates = CandidateJournal(database).batches();
  const std::int64_t written = PromptJournal(database).batches();
  Transaction transaction(database);
  write_note(database, "shard",
             {{"index", shard.index},
              {"count", shard.count},
              {"token_budget", token_budget},
              {"plan", digest_of_plan(database)},
              {"first", journal.batches(Pass::first)},
              {"candidates", candidates},
              {"prompts", written}});
  WorkShares work(shard.count);
  share(database, kFirst, work, shard.index);
  share(database, kCandidates, work, shard.index);
  share_prompts(database, work, shard.index, prompts);
  transaction.commit();
}

void keep_share_of_reference(Database& database) {
  const auto note = note_in(database);
  if (!note) return;
  WorkShares work(note->shard.count);
  share(database, kReference, work, note->shard.index);
}

void write_note(Database& database, const std::string& name, const json& value) {
  Statement insert(database,
                   "INSERT INTO meta VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = "
                   "excluded.value");
  insert.bind_text(0, name).bind_text(1, canonical_json(value)).execute();
}

json read_note(Database& database, const std::string& name) {
  Statement select(database, "SELECT value FROM meta WHERE key = ?");
  if (!select.bind_text(0, name).step()) return nullptr;
  try {
    return json::parse(select.text(0));
  } catch (const json::exception&) {
    throw Error(ErrorKind::integrity, "journal: its note \"" + name + "\" is damaged");
  }
}

}  // namespace souvenir
