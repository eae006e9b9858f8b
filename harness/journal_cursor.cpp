// The half of the journal that reads answered strings back, one at a time.

#include "harness/digest.h"
#include "harness/error.h"
#include "harness/journal.h"
#include "harness/near_tie.h"
#include "harness/request.h"
#include "harness/sqlite.h"

namespace souvenir {

namespace {

using nlohmann::json;

// SQLite sorts on disk where it must, so that memory does not grow with the strings.
constexpr std::string_view kSelect =
    "SELECT s.subject, s.person, s.kind, s.member, s.positive, s.twin_of, s.repetitions, s.strata, "
    "s.given_away, s.straddles, s.specials, r.ids, a.body, a.refusal, a.check_sum, b.body, "
    "b.refusal, b.check_sum FROM string s JOIN request r ON r.ordinal = s.request "
    "JOIN observation a ON a.request = s.request AND a.pass = 0 "
    "LEFT JOIN observation b ON b.request = s.request AND b.pass = 1 "
    "WHERE s.duplicate = 0 ORDER BY s.person, s.ordinal";

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
    } else {
      strata.emplace_back(key, value.get<double>());
    }
  }
  return strata;
}

class JournalCursor : public StringCursor {
 public:
  explicit JournalCursor(Database& database) : select_(database, kSelect) {}

  bool next(JudgedString& string) override {
    while (select_.step()) {
      verify(12, 13, 14);
      const bool rescored = !select_.is_null(17);
      if (rescored) {
        verify(15, 16, 17);
      }
      const int body = rescored ? 15 : 12;
      if (!select_.text(body + 1).empty()) {
        continue;  // refused by the model: counted in `left_out`
      }
      read(string, body);
      string.rescored = rescored;
      return true;
    }
    return false;
  }

 private:
  void verify(int body, int refusal, int check) const {
    if (sha256(select_.text(body) + select_.text(refusal)).substr(0, 8) != select_.text(check)) {
      throw Error(ErrorKind::integrity, "journal: an observation does not match its check sum");
    }
  }

  void read(JudgedString& string, int body) const {
    string.subject = select_.text(0);
    string.person = select_.text(1);
    string.kind = select_.text(2);
    string.member = static_cast<Member>(select_.integer(3));
    string.positive_control = select_.integer(4) != 0;
    string.twin_of = select_.text(5);
    string.repetitions = select_.is_null(6) ? std::nullopt : std::optional(select_.integer(6));
    string.strata = parse_strata(select_.text(7));
    string.given_away = select_.integer(8) != 0;
    string.straddles = select_.integer(9) != 0;
    string.specials = select_.integer(10);
    string.observation = unpack_observation(select_.text(body));
    string.matches = greedy_matches(string.observation, unpack_ids(select_.text(11)));
  }

  Statement select_;
};

}  // namespace

std::unique_ptr<StringCursor> Journal::strings() const {
  return std::make_unique<JournalCursor>(*database_);
}

}  // namespace souvenir
