#include "harness/journal.h"

#include <algorithm>
#include <map>

#include "harness/difference.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/folder_lock.h"
#include "harness/near_tie.h"
#include "harness/request.h"
#include "harness/sqlite.h"

namespace souvenir {

namespace {

using nlohmann::json;

constexpr const char* kJournalSchema = R"(
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subject(id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS string(
  ordinal INTEGER PRIMARY KEY, subject TEXT, window INTEGER, person TEXT, kind TEXT,
  member INTEGER, positive INTEGER, twin_of TEXT, repetitions INTEGER, strata TEXT,
  prefix BLOB, secret BLOB, given_away INTEGER, straddles INTEGER, specials INTEGER,
  request INTEGER, lowercase INTEGER, hmac TEXT DEFAULT '', space TEXT DEFAULT '', tier INTEGER,
  planted INTEGER, coin INTEGER, most_often INTEGER, duplicate INTEGER DEFAULT 0);
CREATE INDEX IF NOT EXISTS string_request ON string(request);
CREATE INDEX IF NOT EXISTS string_subject ON string(subject);
CREATE TABLE IF NOT EXISTS request(
  ordinal INTEGER PRIMARY KEY, digest BLOB UNIQUE, prefix_ids BLOB, ids BLOB, tokens INTEGER,
  may_stop INTEGER DEFAULT 0, recheck INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS batch(
  pass INTEGER, ordinal INTEGER, done INTEGER DEFAULT 0, PRIMARY KEY(pass, ordinal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS member(
  pass INTEGER, batch INTEGER, request INTEGER, PRIMARY KEY(pass, batch, request)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS observation(
  pass INTEGER, request INTEGER, body BLOB, refusal TEXT, near_tie INTEGER, check_sum BLOB,
  PRIMARY KEY(pass, request)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS left_out(reason TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID;
)";

// Names the schema, so that a file of another one is noticed whatever its columns are called.
std::int64_t schema_name() {
  const std::string digest = sha256(kJournalSchema);
  std::int64_t name = 0;
  for (std::size_t i = 0; i < 3; ++i) name = name << 8 | static_cast<unsigned char>(digest[i]);
  return name;
}

// A refusal names numbers of one string; what leaves private/ only says of which sort it was.
std::string refusal_reason(const std::string& refusal) {
  if (refusal.find("context holds") != std::string::npos) return "longer_than_context";
  if (refusal.find("outside the vocabulary") != std::string::npos) return "id_outside_vocabulary";
  if (refusal.find("NaN or infinite") != std::string::npos) return "logits_not_finite";
  return "refused_by_model";
}

// Counts the tokens of strings that were left, behind where they were. An answer begins with how
// many tokens it has.
std::int64_t tokens_left(Database& database) {
  Statement select(database,
                   "SELECT (length(r.ids) / 4) - (r.prefix_ids = x''), o.body FROM request r "
                   "JOIN observation o ON o.request = r.ordinal AND o.pass = 0 "
                   "WHERE r.may_stop = 1 AND o.refusal = ''");
  std::int64_t tokens = 0;
  while (select.step()) {
    tokens += select.integer(0) - answered_tokens(select.text(1));
  }
  return tokens;
}

}  // namespace

Journal::Journal(const std::string& directory)
    : lock_(std::make_unique<FolderLock>(directory)),
      database_(std::make_unique<Database>(directory + "/journal.sqlite")) {
  create_schema();
}

Journal::Journal() : database_(std::make_unique<Database>()) { create_schema(); }

Journal::~Journal() = default;

void Journal::create_schema() {
  if (select_integer(*database_, "SELECT count(*) FROM sqlite_master") > 0 &&
      select_integer(*database_, "PRAGMA user_version") != schema_name()) {
    throw Error(ErrorKind::usage,
                "this folder holds an audit that another version of the program began; go on with "
                "that version, or give another --out");
  }
  // First, so that a schema of which only a part could be written is known, and completed.
  database_->run("PRAGMA user_version = " + std::to_string(schema_name()));
  database_->run(kJournalSchema);
  // A page damaged anywhere is found here, before a number rests on it.
  Statement check(*database_, "PRAGMA quick_check(1)");
  if (!check.step() || check.text(0) != "ok") {
    throw Error(ErrorKind::integrity, "journal: the file is damaged");
  }
}

json Journal::identity() const {
  Statement select(*database_, "SELECT value FROM meta WHERE key = 'identity'");
  if (!select.step()) {
    return nullptr;
  }
  try {
    return json::parse(select.text(0));
  } catch (const json::exception&) {
    throw Error(ErrorKind::integrity, "journal: its identity is damaged");
  }
}

void Journal::identify(const json& identity) {
  const json recorded = this->identity();
  if (recorded.is_null()) {
    Statement insert(*database_, "INSERT INTO meta VALUES('identity', ?)");
    insert.bind_text(0, canonical_json(identity)).execute();
    return;
  }
  const std::string difference = first_difference(recorded, identity, {"recorded", "given"});
  if (!difference.empty()) {
    throw Error(ErrorKind::usage, "this folder holds another audit; it differs in " + difference +
                                      ". Give another --out, or the inputs it was begun with");
  }
}

bool Journal::planned() const {
  Statement select(*database_, "SELECT 1 FROM meta WHERE key = 'planned'");
  return select.step();
}

bool Journal::pass_planned(Pass pass) const {
  Statement select(*database_, "SELECT 1 FROM meta WHERE key = ?");
  return select.bind_text(0, "pass_" + std::to_string(static_cast<int>(pass))).step();
}

std::int64_t Journal::batches(Pass pass) const {
  Statement select(*database_, "SELECT count(*) FROM batch WHERE pass = ?");
  select.bind(0, static_cast<std::int64_t>(pass)).step();
  return select.integer(0);
}

std::vector<std::int64_t> Journal::open_batches(Pass pass) const {
  Statement select(*database_,
                   "SELECT ordinal FROM batch WHERE pass = ? AND done = 0 ORDER BY ordinal");
  select.bind(0, static_cast<std::int64_t>(pass));
  std::vector<std::int64_t> open;
  while (select.step()) {
    open.push_back(select.integer(0));
  }
  return open;
}

std::vector<JournalRequest> Journal::batch(Pass pass, std::int64_t ordinal) const {
  Statement select(*database_,
                   "SELECT r.ordinal, r.prefix_ids, r.ids, r.may_stop FROM member m JOIN request r "
                   "ON r.ordinal = m.request WHERE m.pass = ? AND m.batch = ? "
                   "ORDER BY r.tokens DESC, r.digest");
  select.bind(0, static_cast<std::int64_t>(pass)).bind(1, ordinal);
  std::vector<JournalRequest> requests;
  while (select.step()) {
    requests.push_back(
        {select.integer(0),
         {unpack_ids(select.text(1)), unpack_ids(select.text(2)), select.integer(3) != 0}});
  }
  return requests;
}

void Journal::commit(Pass pass, std::int64_t ordinal, const std::vector<JournalRequest>& requests,
                     const std::vector<ScoreResult>& results, const Doubt& doubt) {
  Transaction transaction(*database_);
  Statement insert(*database_, "INSERT INTO observation VALUES(?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const bool answered = results[i].observation.has_value();
    const std::string body = answered ? pack_observation(*results[i].observation) : std::string();
    const bool near = answered && is_doubtful(*results[i].observation, doubt);
    insert.bind(0, static_cast<std::int64_t>(pass)).bind(1, requests[i].ordinal);
    insert.bind_blob(2, body);
    insert.bind_text(3, results[i].refusal);
    insert.bind(4, static_cast<std::int64_t>(near));
    insert.bind_blob(5, sha256(body + results[i].refusal).substr(0, 8));
    insert.execute();
  }
  Statement done(*database_, "UPDATE batch SET done = 1 WHERE pass = ? AND ordinal = ?");
  done.bind(0, static_cast<std::int64_t>(pass)).bind(1, ordinal).execute();
  transaction.commit();
}

JournalTotals Journal::totals() const {
  Statement strings(*database_,
                    "SELECT count(*), coalesce(sum(duplicate = 1), 0), "
                    "coalesce(sum(straddles AND duplicate = 0), 0), "
                    "coalesce(sum(specials > 0 AND duplicate = 0), 0), "
                    "count(DISTINCT CASE WHEN person <> '' THEN person END) FROM string");
  strings.step();
  Statement requests(*database_, "SELECT count(*), coalesce(sum(length(ids) / 4), 0) FROM request");
  requests.step();
  return {.strings = strings.integer(0),
          .requests = requests.integer(0),
          .scored_tokens = requests.integer(1) - tokens_left(*database_),
          .duplicates = strings.integer(1),
          .straddling = strings.integer(2),
          .with_specials = strings.integer(3),
          .persons = strings.integer(4)};
}

PlanCounts Journal::plan_counts() const {
  Statement strings(
      *database_,
      "SELECT coalesce(sum(member <> 1 AND positive = 0), 0), count(DISTINCT CASE WHEN "
      "member <> 1 AND person <> '' THEN person END), coalesce(sum(member = 0), 0), "
      "coalesce(sum(member = 1), 0), coalesce(sum(space <> '' AND planted = 1), 0), "
      "coalesce(sum(space <> '' AND planted = 0), 0) FROM string WHERE duplicate = 0");
  strings.step();
  Statement tokens(*database_, "SELECT coalesce(sum(tokens), 0) FROM request");
  tokens.step();
  return {.measured = strings.integer(0),
          .persons = strings.integer(1),
          .members = strings.integer(2),
          .controls = strings.integer(3),
          .planted = strings.integer(4),
          .held_out = strings.integer(5),
          .tokens = tokens.integer(0)};
}

std::vector<LeftOut> Journal::left_out() const {
  Statement select(*database_, "SELECT reason, count FROM left_out ORDER BY reason");
  std::vector<LeftOut> rows;
  while (select.step()) {
    rows.push_back({select.text(0), select.integer(1)});
  }
  Statement refused(*database_,
                    "SELECT o.refusal, count(*) FROM string s JOIN observation o "
                    "ON o.request = s.request WHERE s.duplicate = 0 AND o.pass = 0 "
                    "AND o.refusal <> '' GROUP BY o.refusal");
  std::map<std::string, std::int64_t> by_reason;
  while (refused.step()) {
    by_reason[refusal_reason(refused.text(0))] += refused.integer(1);
  }
  for (const auto& [reason, count] : by_reason) {
    rows.push_back({reason, count});
  }
  return rows;
}

void Journal::each_text(const std::function<void(const std::string&, const std::string&,
                                                 const std::vector<TokenId>&)>& visit) const {
  Statement select(*database_,
                   "SELECT s.prefix, s.secret, r.ids FROM string s JOIN request r "
                   "ON r.ordinal = s.request WHERE s.duplicate = 0 ORDER BY s.ordinal");
  while (select.step()) {
    visit(select.text(0), select.text(1), unpack_ids(select.text(2)));
  }
}

}  // namespace souvenir
