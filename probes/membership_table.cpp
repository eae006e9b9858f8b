#include "probes/membership_table.h"

#include <algorithm>

namespace souvenir {

namespace {

// Numbers persons in the order they come.
class PersonNumbers {
 public:
  std::int64_t of(const std::string& person) {
    if (person.empty()) return --alone_;
    const auto next = static_cast<std::int64_t>(numbers_.size());
    return numbers_.try_emplace(person, next).first->second;
  }

 private:
  std::map<std::string, std::int64_t> numbers_;
  std::int64_t alone_ = 0;
};

MembershipRow row_of(const JudgedString& string, const MembershipParameters& parameters,
                     std::map<std::string, std::string>& reasons) {
  MembershipRow row;
  row.member = string.member == Member::yes;
  row.planted_most = string.canary && string.canary->planted && string.canary->most_often;
  for (const std::string& name : attack_names()) {
    const TokenScore score = attack_score(name, string, parameters.scores);
    row.scores.push_back(score.value);
    row.clamped += score.clamped;
    if (!score.value) reasons.try_emplace(name, score.reason);
  }
  row.blind = blind_features(string);
  for (Stratum& stratum : strata_of(string)) {
    if (stratum.key != "member") row.strata.push_back(std::move(stratum));
  }
  return row;
}

}  // namespace

MembershipTables read_membership(StringCursor& strings, const MembershipParameters& parameters) {
  MembershipTables tables;
  PersonNumbers persons;
  JudgedString string;
  while (strings.next(string)) {
    // Known by an HMAC alone: nothing was scored.
    if (string.observation.log_probs.empty()) continue;
    MembershipTable& table = string.canary ? tables.canaries : tables.subjects;
    if (string.positive_control) {
      ++table.left_out_positive;
      continue;
    }
    if (string.member == Member::unknown) {
      ++table.left_out_unknown;
      continue;
    }
    table.rows.push_back(row_of(string, parameters, table.reasons));
    // A coin was thrown for every canary alone, whoever its person is.
    if (!string.canary) {
      table.rows.back().person = persons.of(string.person);
      table.persons_given = table.persons_given || !string.person.empty();
    }
  }
  return tables;
}

std::map<Stratum, MembershipRows, StratumOrder> strata_of(const MembershipTable& table) {
  std::map<Stratum, MembershipRows, StratumOrder> strata;
  std::map<std::string, bool> known;  // keys that some non-member has
  MembershipRows others;
  strata[Stratum{}];
  for (const MembershipRow& row : table.rows) {
    for (const Stratum& stratum : row.strata) {
      if (row.member) strata[stratum].push_back(&row);
      if (!row.member && stratum.key != "repetitions") known[stratum.key] = true;
    }
    if (!row.member) others.push_back(&row);
  }
  for (auto& [stratum, rows] : strata) {
    for (const MembershipRow* other : others) {
      const auto& at = other->strata;
      const bool matches = std::any_of(at.begin(), at.end(), [&](const Stratum& own) {
        return own.key == stratum.key && own.value == stratum.value;
      });
      if (matches || !known[stratum.key]) rows.push_back(other);
    }
  }
  return strata;
}

void LabelledColumns::add(const MembershipRow& row, double score, bool persons_given) {
  (row.member ? members : non_members).push_back(score);
  if (persons_given) (row.member ? member_persons : non_member_persons).push_back(row.person);
}

}  // namespace souvenir
