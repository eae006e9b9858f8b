#include "harness/subject_findings.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/error.h"
#include "harness/journal_detections.h"
#include "harness/near_tie.h"
#include "harness/request.h"
#include "harness/sqlite.h"
#include "metrics/extraction.h"

namespace souvenir {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSelect =
    "SELECT s.subject, s.window, s.kind, r.ids, "
    "coalesce(b.body, a.body), coalesce(b.refusal, a.refusal), r.prefix_ids "
    "FROM string s LEFT JOIN request r ON r.ordinal = s.request "
    "LEFT JOIN observation a ON a.request = s.request AND a.pass = 0 "
    "LEFT JOIN observation b ON b.request = s.request AND b.pass = 1 "
    "WHERE s.subject = ?1 OR s.person = ?1 ORDER BY s.ordinal";

constexpr const char* kLeft =
    "left after its first tokens: greedy decoding had missed it, and no query in --queries-max "
    "would be likely to give it";

Json queries_for(double log_p) {
  Json out;
  for (const auto& [name, p] : {std::pair("0.5", 0.5), std::pair("0.95", 0.95)}) {
    const double queries = queries_needed(log_p, p);
    out[name] = std::isinf(queries) ? Json() : Json(queries);
  }
  return out;
}

void add_numbers(Json& row, const ScoreObservation& observation, const ScoreRequest& request) {
  const std::size_t tokens = request.scored().size();
  const TokenMatches matches = count_matches(greedy_matches(observation, request.scored()));
  const double log_p = std::min(
      0.0, std::accumulate(observation.log_probs.begin(), observation.log_probs.end(), 0.0));
  row["tokens"] = tokens;
  row["matched_tokens"] = matches.leading;
  row["greedy_match"] = matches.verbatim();
  if (observation.log_probs.size() < tokens) {
    row["log_p"] = row["p_z"] = row["queries_for"] = nullptr;
    row["log_p_at_most"] = log_p;
    row["why"] = kLeft;
    return;
  }
  row["log_p"] = log_p;
  row["p_z"] = std::exp(log_p);
  row["queries_for"] = queries_for(log_p);
}

void add_nothing(Json& row, const std::string& why) {
  for (const char* key :
       {"tokens", "matched_tokens", "greedy_match", "log_p", "p_z", "queries_for"}) {
    row[key] = nullptr;
  }
  row["why"] = why;
}

// Whether the model wrote a value that is known by its HMAC alone.
void add_detection(Json& row, const std::optional<Detection>& detection) {
  std::string why = "known by its HMAC alone";
  if (!detection) {
    why +=
        ", and not looked for: the suite lets the model write after no prompts, or the audit was "
        "not judged by this version; run it again";
  } else if (detection->texts > 0) {
    why += ": looked for in what the model wrote, not scored";
  } else {
    why += detection->given_away > 0 ? ", and given away by every prompt"
                                     : ", and the model wrote after none of its prompts";
  }
  add_nothing(row, why);
  const bool read = detection && detection->texts > 0;
  row["found_in_text"] = read ? Json(detection->found) : Json();
  row["texts_read"] = read ? detection->texts : 0;
}

Json read_row(const Statement& select, Database& database) {
  Json row;
  const std::int64_t window = select.integer(1);
  row["id"] = select.text(0) + (window > 0 ? "#" + std::to_string(window) : "");
  row["kind"] = select.text(2);
  if (select.is_null(3)) {
    add_detection(row, kept_detection(database, select.text(0)));
  } else if (select.is_null(5)) {
    add_nothing(row, "not asked yet: the audit has not finished");
  } else if (!select.text(5).empty()) {
    add_nothing(row, "the model refused it: " + select.text(5));
  } else {
    add_numbers(row, unpack_observation(select.text(4)),
                {unpack_ids(select.text(6)), unpack_ids(select.text(3))});
  }
  row["exposure_bits"] = nullptr;
  row["scores"] = nullptr;
  return row;
}

}  // namespace

Json subject_findings(const Journal& journal, const std::string& id,
                      const std::function<void(Json&, const JudgedString&)>& add) {
  Statement select(journal.database(), kSelect);
  select.bind_text(0, id);
  Json strings = Json::array();
  const auto answered = journal.strings_of(id);
  JudgedString string;
  while (select.step()) {
    strings.push_back(read_row(select, journal.database()));
    // Answered strings come in the same order; a row without its tokens has no answer.
    if (!strings.back()["tokens"].is_null() && answered->next(string) && add) {
      add(strings.back(), string);
    }
  }
  if (strings.empty()) {
    throw Error(ErrorKind::input, "subject: no subject or person of that name is in this audit");
  }
  return {{"id", id},
          {"decoding", {{"temperature", 1.0}, {"top_k", 0}, {"top_p", 1.0}}},
          {"strings", std::move(strings)}};
}

}  // namespace souvenir
