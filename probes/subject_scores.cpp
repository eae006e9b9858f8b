#include "probes/subject_scores.h"

#include <string>

#include "probes/exposure_tally.h"
#include "probes/membership_scores.h"
#include "probes/personal_tally.h"

namespace souvenir {

namespace {

using Json = nlohmann::ordered_json;

void add_reason(std::string& why, const std::string& what, const std::string& reason) {
  why += (why.empty() ? "" : "; ") + what + ": " + reason;
}

void add_exposure(Json& row, const JudgedString& string, std::string& why) {
  if (string.rank) {
    row["exposure_bits"] = exposure_of(*string.rank);
  } else {
    row["exposure_bits"] = nullptr;
    add_reason(why, "exposure_bits",
               string.canary ? "the canary was not ranked" : "it is no canary");
  }
}

}  // namespace

void add_subject_scores(Json& row, const JudgedString& string) {
  std::string why = row.value("why", "");
  add_exposure(row, string, why);
  row["scores"] = Json::object();
  for (const std::string& name : attack_names()) {
    const TokenScore score = attack_score(name, string, {});
    if (score.value) {
      row["scores"][name] = *score.value;
    } else {
      row["scores"][name] = nullptr;
      add_reason(why, name, score.reason);
    }
  }
  if (!why.empty()) row["why"] = why;
}

std::vector<Detection> detections(StringCursor& strings, const Sensitive& hmac_key) {
  constexpr double kAnyCue = 1.0;  // nobody knows how much of an HMAC's value a prompt holds
  std::vector<Detection> found;
  JudgedString string;
  while (strings.next(string)) {
    if (string.hmac.empty()) continue;
    const PersonalVerdict verdict = judge_texts(string, hmac_key, kAnyCue);
    found.push_back(
        {string.subject, verdict.asked, verdict.given_away, verdict.best >= MatchTier::canonical});
  }
  return found;
}

}  // namespace souvenir
