#include "harness/journal_candidates.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir {

namespace {

// Neighbours in a space begin alike, and what a batch has in common is computed once: a power of
// ten, so that batches of numbers part between digits.
constexpr std::int64_t kBatch = 10000;
constexpr double kTie = 1e-5;  // nats

constexpr const char* kCandidateSchema = R"(
CREATE TABLE IF NOT EXISTS candidate_set(
  ordinal INTEGER PRIMARY KEY, space TEXT, prefix BLOB, exact INTEGER, count INTEGER, size INTEGER,
  log2_size REAL, UNIQUE(space, prefix));
CREATE TABLE IF NOT EXISTS candidate_batch(
  candidates INTEGER, first INTEGER, count INTEGER, body BLOB, check_sum BLOB,
  PRIMARY KEY(candidates, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS candidate_own(
  string INTEGER PRIMARY KEY, candidates INTEGER, position INTEGER);
)";

const CanarySpace& find_space(const std::vector<CanarySpace>& spaces, const std::string& id) {
  for (const CanarySpace& space : spaces) {
    if (space.id == id) return space;
  }
  throw Error(ErrorKind::internal, "canaries: a string names a space that is not there");
}

// Where the search for a string's place stands among the batches of its set: before the first. It
// is its own inverse.
std::int64_t search_of(std::int64_t string) { return -1 - string; }

// A search's answer as it is stored: numbers, or a word where there is none.
std::string pack(const std::optional<SearchedRank>& found) {
  if (!found) return "none";
  const std::int64_t numbers[] = {found->complete, found->likelier, found->equal, found->forwards};
  return {reinterpret_cast<const char*>(numbers), sizeof numbers};
}

std::optional<SearchedRank> unpack(const std::string& body, double log2_space) {
  std::int64_t numbers[4];
  if (body.size() != sizeof numbers) return std::nullopt;
  std::memcpy(numbers, body.data(), sizeof numbers);
  return SearchedRank{numbers[0] != 0, numbers[1], numbers[2], log2_space, numbers[3]};
}

}  // namespace

CandidateJournal::CandidateJournal(Database& database) : database_(database) {
  database_.run(kCandidateSchema);
}

void CandidateJournal::plan(const CandidateNeeds& needs, const std::vector<CanarySpace>& spaces) {
  Statement canaries(database_,
                     "SELECT ordinal, space, prefix, secret FROM string WHERE space <> '' AND "
                     "duplicate = 0 ORDER BY ordinal");
  while (canaries.step()) {
    const CanarySpace& space = find_space(spaces, canaries.text(1));
    const bool exact = space.size && *space.size <= static_cast<std::uint64_t>(needs.exact_up_to);
    const std::int64_t count = exact ? static_cast<std::int64_t>(*space.size) : needs.sampled;
    Statement insert(database_,
                     "INSERT INTO candidate_set(space, prefix, exact, count, size, log2_size) "
                     "VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(space, prefix) DO UPDATE SET "
                     "count = count RETURNING ordinal");
    insert.bind_text(0, space.id).bind_blob(1, canaries.text(2));
    insert.bind(2, static_cast<std::int64_t>(exact)).bind(3, count);
    insert.bind(4, static_cast<std::int64_t>(space.size.value_or(0))).bind(5, space.log2_size);
    insert.step();
    const std::int64_t set = insert.integer(0);
    Statement own(database_, "INSERT INTO candidate_own VALUES(?, ?, ?)");
    own.bind(0, canaries.integer(0)).bind(1, set);
    const auto index = exact ? space.index_of(canaries.text(3)) : std::nullopt;
    own.bind(2, index ? static_cast<std::int64_t>(*index) : -1).execute();
    for (std::int64_t first = 0; first < count; first += kBatch) {
      Statement batch(database_,
                      "INSERT OR IGNORE INTO candidate_batch VALUES(?, ?, ?, NULL, NULL)");
      batch.bind(0, set).bind(1, first).bind(2, std::min(kBatch, count - first)).execute();
    }
    if (!exact && needs.search_tokens > 0) {
      Statement search(database_, "INSERT INTO candidate_batch VALUES(?, ?, ?, NULL, NULL)");
      search.bind(0, set).bind(1, search_of(canaries.integer(0)));
      search.bind(2, needs.search_tokens).execute();
    }
  }
}

std::int64_t CandidateJournal::batches() const {
  Statement select(database_, "SELECT count(*) FROM candidate_batch");
  select.step();
  return select.integer(0);
}

std::int64_t CandidateJournal::candidates() const {
  Statement select(database_, "SELECT coalesce(sum(count), 0) FROM candidate_set");
  select.step();
  return select.integer(0);
}

double CandidateJournal::forwards(double string_tokens) const {
  Statement sets(database_,
                 "SELECT coalesce(sum(CASE exact WHEN 0 THEN count END), 0), "
                 "coalesce(sum(CASE exact WHEN 1 THEN count END), 0) FROM candidate_set");
  sets.step();
  Statement searches(database_,
                     "SELECT coalesce(sum(count), 0) FROM candidate_batch WHERE first < 0");
  searches.step();
  return string_tokens * static_cast<double>(sets.integer(0) + batches()) +
         static_cast<double>(sets.integer(1)) / 4.0 + static_cast<double>(searches.integer(0));
}

std::vector<CandidateBatch> CandidateJournal::open_batches() const {
  Statement select(database_,
                   "SELECT s.ordinal, s.space, s.prefix, s.exact, s.count, b.first, b.count, "
                   "t.secret FROM candidate_batch b "
                   "JOIN candidate_set s ON s.ordinal = b.candidates "
                   "LEFT JOIN string t ON t.ordinal = -1 - b.first "
                   "WHERE b.body IS NULL ORDER BY s.ordinal, b.first");
  std::vector<CandidateBatch> open;
  while (select.step()) {
    open.push_back({{select.integer(0), select.text(1), Sensitive(select.text(2)),
                     select.integer(3) != 0, select.integer(4)},
                    select.integer(5),
                    select.integer(6)});
    if (open.back().first < 0) open.back().secret = Sensitive(select.text(7));
  }
  return open;
}

void CandidateJournal::commit(const CandidateBatch& batch, const std::vector<double>& log_probs) {
  write(batch,
        {reinterpret_cast<const char*>(log_probs.data()), log_probs.size() * sizeof(double)});
}

void CandidateJournal::commit(const CandidateBatch& batch,
                              const std::optional<SearchedRank>& found) {
  write(batch, pack(found));
}

void CandidateJournal::write(const CandidateBatch& batch, const std::string& body) {
  Statement update(database_,
                   "UPDATE candidate_batch SET body = ?, check_sum = ? "
                   "WHERE candidates = ? AND first = ?");
  update.bind_blob(0, body).bind_blob(1, sha256(body).substr(0, 8));
  update.bind(2, batch.set.ordinal).bind(3, batch.first).execute();
}

const std::vector<double>& CandidateJournal::answers(std::int64_t set) {
  if (held_ == set) return held_answers_;
  held_ = set;
  held_answers_.clear();
  Statement select(database_,
                   "SELECT body, check_sum, count FROM candidate_batch WHERE candidates = ? "
                   "AND first >= 0 ORDER BY first");
  select.bind(0, set);
  while (select.step()) {
    if (select.is_null(0)) {
      held_answers_.clear();
      return held_answers_;
    }
    const std::string body = select.text(0);
    if (sha256(body).substr(0, 8) != select.text(1) ||
        body.size() != static_cast<std::size_t>(select.integer(2)) * sizeof(double)) {
      throw Error(ErrorKind::integrity, "journal: candidates do not match their check sum");
    }
    const std::size_t at = held_answers_.size();
    held_answers_.resize(at + body.size() / sizeof(double));
    std::memcpy(held_answers_.data() + at, body.data(), body.size());
  }
  return held_answers_;
}

std::optional<SearchedRank> CandidateJournal::searched(std::int64_t string) {
  Statement select(database_,
                   "SELECT b.body, b.check_sum, s.log2_size FROM candidate_own o "
                   "JOIN candidate_set s ON s.ordinal = o.candidates "
                   "JOIN candidate_batch b ON b.candidates = s.ordinal AND b.first = ? "
                   "WHERE o.string = ?");
  if (!select.bind(0, search_of(string)).bind(1, string).step() || select.is_null(0)) {
    return std::nullopt;
  }
  const std::string body = select.text(0);
  if (sha256(body).substr(0, 8) != select.text(1)) {
    throw Error(ErrorKind::integrity, "journal: a search does not match its check sum");
  }
  return unpack(body, select.real(2));
}

std::optional<CandidateRank> CandidateJournal::rank(std::int64_t string, double own_log_prob) {
  Statement select(database_,
                   "SELECT o.candidates, o.position, s.exact, s.size, s.log2_size FROM "
                   "candidate_own o JOIN candidate_set s ON s.ordinal = o.candidates "
                   "WHERE o.string = ?");
  if (!select.bind(0, string).step()) return std::nullopt;
  const std::vector<double>& others = answers(select.integer(0));
  if (others.empty()) return std::nullopt;
  const std::int64_t own = select.integer(1);
  CandidateRank rank;
  rank.exact = select.integer(2) != 0;
  rank.space = static_cast<std::uint64_t>(select.integer(3));
  rank.log2_space = select.real(4);
  rank.log_prob = own_log_prob;
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (std::isnan(others[i])) return std::nullopt;
    if (static_cast<std::int64_t>(i) == own) continue;
    ++rank.candidates;
    const double ahead = others[i] - own_log_prob;
    rank.rank += ahead > kTie ? 1.0 : ahead < -kTie ? 0.0 : 0.5;
  }
  if (!rank.exact) rank.sample = others;
  return rank;
}

}  // namespace souvenir
