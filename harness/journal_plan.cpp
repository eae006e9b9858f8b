// The half of the journal that turns strings into requests and requests into batches.

#include <algorithm>
#include <cctype>
#include <string>

#include "harness/digest.h"
#include "harness/early_stop.h"
#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/journal.h"
#include "harness/journal_share.h"
#include "harness/request.h"
#include "harness/sqlite.h"

namespace souvenir {

namespace {

using nlohmann::json;

// Most rows in one batch: bounds what a kill can lose, whatever the token budget.
constexpr std::int64_t kMaxBatchRows = 1024;

// More than the near-ties of one can fill.
constexpr std::int64_t kBatchesOfGroup = std::int64_t{1} << 20U;

json strata_json(const std::vector<std::pair<std::string, ParamValue>>& strata) {
  json object = json::object();
  for (const auto& [key, value] : strata) {
    std::visit([&, name = key](const auto& item) { object[name] = item; }, value);
  }
  return object;
}

// Says whether the prompt already holds the secret, white space around it and case aside.
bool given_away(std::string_view prefix, std::string_view secret) {
  const auto fold = [](std::string_view text) {
    std::string out;
    for (const char byte : text) {
      const auto value = static_cast<unsigned char>(byte);
      if (std::isspace(value) == 0) {
        out += static_cast<char>(std::tolower(value));
      }
    }
    return out;
  };
  const std::string folded = fold(secret);
  return !folded.empty() && fold(prefix).find(folded) != std::string::npos;
}

std::int64_t request_ordinal(Database& database, const CutString& cut,
                             const ScoreOptions& options) {
  const std::string digest = request_digest(cut.request, options);
  Statement find(database, "SELECT ordinal FROM request WHERE digest = ?");
  find.bind_blob(0, digest);
  if (find.step()) {
    return find.integer(0);
  }
  Statement insert(database,
                   "INSERT INTO request(digest, prefix_ids, ids, tokens) VALUES(?, ?, ?, ?) "
                   "RETURNING ordinal");
  insert.bind_blob(0, digest);
  insert.bind_blob(1, pack_ids(cut.request.prefix_ids));
  insert.bind_blob(2, pack_ids(cut.request.ids));
  insert.bind(3, static_cast<std::int64_t>(cut.request.prefix_ids.size() + cut.request.ids.size()));
  insert.step();
  return insert.integer(0);
}

void bind_or_null(Statement& insert, int parameter, std::optional<std::int64_t> value) {
  if (value) {
    insert.bind(parameter, *value);
  } else {
    insert.bind_null(parameter);
  }
}

void bind_questions(Statement& insert, const PlannedString& string,
                    std::optional<std::int64_t> request, std::optional<std::int64_t> lowercase) {
  insert.bind(12, static_cast<std::int64_t>(string.cut && string.cut->straddles));
  insert.bind(13, string.cut ? string.cut->specials : 0);
  bind_or_null(insert, 14, request);
  bind_or_null(insert, 15, lowercase);
}

void bind_canary(Statement& insert, const Subject& subject) {
  const CanaryRole role = subject.canary.value_or(CanaryRole());
  insert.bind_text(17, role.space).bind(18, role.tier);
  insert.bind(19, static_cast<std::int64_t>(role.planted));
  insert.bind(20, static_cast<std::int64_t>(role.coin));
  insert.bind(21, static_cast<std::int64_t>(role.most_often));
}

void insert_string(Database& database, const PlannedString& string,
                   std::optional<std::int64_t> request, std::optional<std::int64_t> lowercase) {
  const Subject& subject = *string.subject;
  Statement insert(database,
                   "INSERT INTO string(subject, window, person, kind, member, positive, twin_of, "
                   "repetitions, strata, prefix, secret, given_away, straddles, specials, request, "
                   "lowercase, hmac, space, tier, planted, coin, most_often) "
                   "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind_text(0, subject.id).bind(1, string.window).bind_text(2, subject.person);
  insert.bind_text(3, subject.kind).bind(4, static_cast<std::int64_t>(subject.member));
  insert.bind(5, static_cast<std::int64_t>(subject.positive_control));
  insert.bind_text(6, subject.twin_of);
  bind_or_null(insert, 7, subject.repetitions);
  insert.bind_text(8, canonical_json(strata_json(subject.strata)));
  insert.bind_blob(9, string.prefix.reveal()).bind_blob(10, string.secret.reveal());
  insert.bind(
      11, static_cast<std::int64_t>(given_away(string.prefix.reveal(), string.secret.reveal())));
  bind_questions(insert, string, request, lowercase);
  insert.bind_text(16, subject.secret_hmac);
  bind_canary(insert, subject);
  insert.execute();
}

// A twin stands in the strata of the string it is a control for, where it names none of its own.
void inherit_strata(Database& database) {
  Statement missing(database,
                    "SELECT count(*) FROM string t WHERE t.twin_of <> '' AND NOT EXISTS "
                    "(SELECT 1 FROM subject s WHERE s.id = t.twin_of)");
  missing.step();
  if (missing.integer(0) > 0) {
    throw Error(ErrorKind::input, "subjects: /twin_of of " + std::to_string(missing.integer(0)) +
                                      " rows names no subject of the files given");
  }
  database.run(
      "UPDATE string AS t SET strata = json_patch(o.strata, t.strata), "
      "person = CASE WHEN t.person = '' THEN o.person ELSE t.person END "
      "FROM (SELECT subject, strata, person, min(ordinal) FROM string GROUP BY subject) AS o "
      "WHERE t.twin_of <> '' AND o.subject = t.twin_of");
}

// true and "true", 5 and "5" would be findings of one id, in the evidence and for a policy.
void refuse_strata_of_one_id(Database& database) {
  Statement mixed(
      database,
      "SELECT e.key FROM string, json_each(string.strata) AS e GROUP BY e.key, "
      "CASE WHEN e.type IN ('true', 'false') THEN e.type ELSE CAST(e.value AS TEXT) END "
      "HAVING count(DISTINCT e.type = 'text') > 1 ORDER BY e.key LIMIT 1");
  if (mixed.step()) {
    throw Error(ErrorKind::input, "subjects: /strata/" + mixed.text(0) +
                                      ": the same value is a string in one row and a number, true "
                                      "or false in another; expected one form in all rows");
  }
}

// A control that is also a measured string is no control: it is left out (2), and so is every
// further copy of a pair (1).
void mark_duplicates(Database& database) {
  database.run(
      "UPDATE string SET duplicate = 2 WHERE member = 1 AND request IN "
      "(SELECT request FROM string WHERE member <> 1)");
  database.run(
      "INSERT INTO left_out SELECT 'control_equals_measured', count(*) FROM string "
      "WHERE duplicate = 2 HAVING count(*) > 0");
  database.run(
      "UPDATE string SET duplicate = 1 WHERE duplicate = 0 AND ordinal NOT IN (SELECT min(ordinal) "
      "FROM string WHERE request IS NOT NULL "
      "GROUP BY request, member = 1, positive) AND request IS NOT NULL");
}

// Cuts requests into batches, longest first, so that the first batch needs the most memory and the
// time left is never underestimated.
//
//   select  rows of a group, an ordinal and tokens; a batch holds requests of one group
void cut_batches(Database& database, Pass pass, std::int64_t token_budget,
                 const std::string& select_rows) {
  Statement select(database, select_rows);
  Statement member(database, "INSERT INTO member VALUES(?, ?, ?)");
  Statement batch(database, "INSERT INTO batch(pass, ordinal) VALUES(?, ?)");
  std::int64_t group = -1;
  std::int64_t ordinal = -1;
  std::int64_t tokens = 0;
  std::int64_t rows = 0;
  while (select.step()) {
    const bool fits = rows < kMaxBatchRows && tokens + select.integer(2) <= token_budget;
    if (select.integer(0) != group || !fits) {
      // Numbered by group, so that shards that know some groups only number alike.
      ordinal = select.integer(0) != group ? select.integer(0) * kBatchesOfGroup : ordinal + 1;
      group = select.integer(0);
      tokens = 0;
      rows = 0;
      batch.bind(0, static_cast<std::int64_t>(pass)).bind(1, ordinal).execute();
    }
    tokens += select.integer(2);
    ++rows;
    member.bind(0, static_cast<std::int64_t>(pass)).bind(1, ordinal).bind(2, select.integer(1));
    member.execute();
  }
}

// Of all requests, or of those that `where` names: those that are read whole, and those that may be
// left, which only their first stage is counted of.
std::string whole_and_not(const std::string& where) {
  // Those behind one prefix stand together, by the longest of them: their prefix is then read once.
  return "SELECT may_stop, ordinal, tokens FROM request " + where +
         " ORDER BY may_stop, max(tokens) OVER (PARTITION BY may_stop, prefix_ids) DESC, "
         "prefix_ids, tokens DESC, digest";
}

// Canaries are read whole, since they are ranked; so are twins and what they are compared with.
void let_stop(Database& database) {
  const std::string first = std::to_string(kFirstStage);
  database.run(
      "UPDATE request SET may_stop = 1, tokens = (length(prefix_ids) / 4) + (prefix_ids = x'') + " +
      first + " WHERE (length(ids) / 4) - (prefix_ids = x'') > " + first +
      " AND ordinal IN (SELECT request FROM string WHERE request IS NOT NULL) AND ordinal NOT IN "
      "(SELECT request FROM string WHERE request IS NOT NULL AND (space <> '' OR twin_of <> '' OR "
      "subject IN (SELECT twin_of FROM string)))");
}

// Of what is in doubt or was drawn, each batch of the first pass by itself: what is asked again
// hangs on no answer that another shard was given.
constexpr const char* kAgain =
    "SELECT m.batch, r.ordinal, r.tokens FROM member m JOIN observation o ON o.pass = 0 AND "
    "o.request = m.request JOIN request r ON r.ordinal = m.request WHERE m.pass = 0 AND "
    "o.refusal = '' AND (o.near_tie = 1 OR r.recheck = 1) ORDER BY m.batch, r.tokens DESC, "
    "r.digest";

void set_meta(Database& database, const std::string& key, const std::string& value) {
  Statement insert(database, "INSERT INTO meta VALUES(?, ?)");
  insert.bind_text(0, key).bind_text(1, value).execute();
}

}  // namespace

void Journal::plan(const ScoreOptions& options, std::int64_t token_budget,
                   const std::function<void(const PlanWriter&)>& write,
                   const std::function<void(const PlanWriter&)>& after) {
  Transaction transaction(*database_);
  PlanWriter writer;
  writer.is_new = [&](const std::string& subject) {
    Statement insert(*database_, "INSERT OR IGNORE INTO subject VALUES(?) RETURNING 1");
    insert.bind_text(0, subject);
    return insert.step();
  };
  writer.add = [&](const PlannedString& string) {
    const auto ask = [&](const std::optional<CutString>& cut) -> std::optional<std::int64_t> {
      if (!cut) return std::nullopt;
      return request_ordinal(*database_, *cut, options);
    };
    insert_string(*database_, string, ask(string.cut), ask(string.lowercase));
  };
  writer.leave_out = [&](const std::string& reason) {
    Statement count(*database_,
                    "INSERT INTO left_out VALUES(?, 1) ON CONFLICT(reason) DO UPDATE SET "
                    "count = count + 1");
    count.bind_text(0, reason).execute();
  };
  write(writer);
  inherit_strata(*database_);
  refuse_strata_of_one_id(*database_);
  mark_duplicates(*database_);
  if (options.early_stop) let_stop(*database_);
  cut_batches(*database_, Pass::first, token_budget, whole_and_not(""));
  if (after) after(writer);
  set_meta(*database_, "planned", "1");
  transaction.commit();
}

void Journal::draw_recheck(std::int64_t strings) {
  Statement draw(*database_,
                 "UPDATE request SET recheck = 1 WHERE ordinal IN (SELECT ordinal FROM request "
                 "WHERE ordinal IN (SELECT request FROM string WHERE duplicate = 0) "
                 "ORDER BY digest LIMIT ?)");
  draw.bind(0, strings).execute();
}

void Journal::plan_pass(Pass pass, std::int64_t token_budget) {
  Transaction transaction(*database_);
  cut_batches(
      *database_, pass, token_budget,
      pass == Pass::confirm
          ? kAgain
          : whole_and_not("WHERE ordinal IN (SELECT request FROM string WHERE duplicate = 0)"));
  if (pass == Pass::reference) keep_share_of_reference(*database_);
  set_meta(*database_, "pass_" + std::to_string(static_cast<int>(pass)), "1");
  transaction.commit();
}

}  // namespace souvenir
