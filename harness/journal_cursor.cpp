// The half of the journal that reads answered strings back, one at a time.

#include <numeric>

#include "harness/digest.h"
#include "harness/error.h"
#include "harness/journal.h"
#include "harness/journal_candidates.h"
#include "harness/journal_prompts.h"
#include "harness/near_tie.h"
#include "harness/request.h"
#include "harness/sqlite.h"

namespace souvenir {

namespace {

using nlohmann::json;

// SQLite sorts on disk where it must, so that memory does not grow with the strings.
constexpr std::string_view kSelect =
    "SELECT s.subject, s.person, s.kind, s.member, s.positive, s.twin_of, s.repetitions, s.strata, "
    "s.given_away, s.straddles, s.specials, r.ids, s.prefix, s.secret, s.hmac, s.space, s.tier, "
    "s.planted, s.coin, s.most_often, s.ordinal, "
    "a.body, a.refusal, a.check_sum, b.body, b.refusal, b.check_sum, "
    "c.body, c.refusal, c.check_sum, d.body, d.refusal, d.check_sum, r.prefix_ids, "
    "a.near_tie "
    "FROM string s LEFT JOIN request r ON r.ordinal = s.request "
    "LEFT JOIN observation a ON a.request = s.request AND a.pass = 0 "
    "LEFT JOIN observation b ON b.request = s.request AND b.pass = 1 "
    "LEFT JOIN observation c ON c.request = s.request AND c.pass = 2 "
    "LEFT JOIN observation d ON d.request = s.lowercase AND d.pass = 0 "
    "WHERE ";

constexpr std::string_view kAll = "s.duplicate = 0 ORDER BY s.person, s.ordinal";
constexpr std::string_view kOfOne = "s.subject = ?1 OR s.person = ?1 ORDER BY s.ordinal";

// Columns of kSelect where an answer begins: body, refusal, check sum.
enum Answer { kFirst = 21, kConfirm = 24, kReference = 27, kLowercase = 30 };
constexpr int kPrefixIds = 33, kDoubtful = 34;

std::vector<std::pair<std::string, ParamValue>> parse_strata(const std::string& text) {
  std::vector<std::pair<std::string, ParamValue>> strata;
  json object;
  try {
    object = json::parse(text);
  } catch (const json::exception&) {
    throw Error(ErrorKind::integrity, "journal: a string's strata are damaged");
  }
  for (const auto& [key, value] : object.items()) {
    if (value.is_string()) {
      strata.emplace_back(key, value.get<std::string>());
    } else if (value.is_number_integer()) {
      strata.emplace_back(key, value.get<std::int64_t>());
    } else if (value.is_boolean()) {
      strata.emplace_back(key, value.get<bool>());
    } else {
      strata.emplace_back(key, value.get<double>());
    }
  }
  return strata;
}

class JournalCursor : public StringCursor {
 public:
  JournalCursor(Database& database, bool unscored) : JournalCursor(database, kAll, unscored) {}

  // Every answered string of one subject or person, further copies included, in order.
  JournalCursor(Database& database, const std::string& id)
      : JournalCursor(database, kOfOne, false) {
    select_.bind_text(0, id);
  }

  bool next(JudgedString& string) override {
    while (select_.step()) {
      auto first = read_answer(kFirst);
      // Not asked yet, or refused by the model (counted in `left_out`), or known by HMAC alone.
      if (!first && (!unscored_ || select_.text(14).empty())) {
        continue;
      }
      string = JudgedString();
      read_subject(string);
      read_canary(string);
      if (first) read_answers(string, std::move(*first));
      string.generated = prompts_.generated(select_.integer(20));
      return true;
    }
    return false;
  }

 private:
  JournalCursor(Database& database, std::string_view where, bool unscored)
      : select_(database, std::string(kSelect) + std::string(where)),
        candidates_(database),
        prompts_(database),
        unscored_(unscored) {}

  // Nothing if there is none, or if the model refused.
  std::optional<ScoreObservation> read_answer(int at) const {
    if (select_.is_null(at + 2)) return std::nullopt;
    if (sha256(select_.text(at) + select_.text(at + 1)).substr(0, 8) != select_.text(at + 2)) {
      throw Error(ErrorKind::integrity, "journal: an observation does not match its check sum");
    }
    if (!select_.text(at + 1).empty()) return std::nullopt;
    return unpack_observation(select_.text(at));
  }

  void read_subject(JudgedString& string) const {
    string.subject = select_.text(0);
    string.person = select_.text(1);
    string.kind = select_.text(2);
    string.member = static_cast<Member>(select_.integer(3));
    string.positive_control = select_.integer(4) != 0;
    string.twin_of = select_.text(5);
    if (!select_.is_null(6)) string.repetitions = select_.integer(6);
    string.strata = parse_strata(select_.text(7));
    string.given_away = select_.integer(8) != 0;
    string.straddles = select_.integer(9) != 0;
    string.specials = select_.integer(10);
    string.prefix = Sensitive(select_.text(12));
    string.secret = Sensitive(select_.text(13));
    string.hmac = select_.text(14);
  }

  void read_canary(JudgedString& string) const {
    if (select_.text(15).empty()) return;
    string.canary = CanaryRole{.space = select_.text(15),
                               .tier = select_.integer(16),
                               .planted = select_.integer(17) != 0,
                               .coin = select_.integer(18) != 0,
                               .most_often = select_.integer(19) != 0};
  }

  void read_answers(JudgedString& string, ScoreObservation first) {
    if (string.canary) {
      // Candidates were asked in the first pass only: compare with its numbers.
      const std::vector<double>& own = first.log_probs;
      string.searched = candidates_.searched(select_.integer(20));
      string.rank =
          candidates_.rank(select_.integer(20), std::accumulate(own.begin(), own.end(), 0.0));
    }
    const ScoreRequest request{unpack_ids(select_.text(kPrefixIds)), unpack_ids(select_.text(11))};
    string.tokens = static_cast<std::int64_t>(request.scored().size());
    auto confirmed = read_answer(kConfirm);
    if (confirmed) {
      string.rescored = select_.integer(kDoubtful) != 0;
      if (!string.rescored)
        string.screened = Screened{first, greedy_matches(first, request.scored())};
      first = std::move(*confirmed);
    }
    string.observation = std::move(first);
    string.matches = greedy_matches(string.observation, request.scored());
    string.reference = read_answer(kReference);
    string.lowercase = read_answer(kLowercase);
  }

  Statement select_;
  CandidateJournal candidates_;
  PromptJournal prompts_;
  bool unscored_;
};

}  // namespace

std::unique_ptr<StringCursor> Journal::strings(bool unscored) const {
  return std::make_unique<JournalCursor>(*database_, unscored);
}

std::unique_ptr<StringCursor> Journal::strings_of(const std::string& id) const {
  return std::make_unique<JournalCursor>(*database_, id);
}

}  // namespace souvenir
