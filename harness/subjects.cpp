#include "harness/subjects.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "harness/config.h"
#include "harness/error.h"

namespace souvenir {

namespace {

using nlohmann::json;

// Wraps the messages of ConfigObject for rows of a subjects file: a field's value is subject data,
// so what was found is said by its type only.
std::string optional_text(const json& row, const char* key, const std::string& where) {
  const auto at = row.find(key);
  if (at == row.end()) {
    return {};
  }
  if (!at->is_string()) {
    throw Error(ErrorKind::input,
                where + ": /" + key + ": expected a string, found " + at->type_name());
  }
  return at->get<std::string>();
}

Member parse_member(const std::string& word, const std::string& where) {
  if (word == "yes") return Member::yes;
  if (word == "no") return Member::no;
  if (word.empty() || word == "unknown") return Member::unknown;
  throw Error(ErrorKind::input, where + ": /member: expected yes, no or unknown");
}

ParamValue parse_stratum_value(const json& value, const std::string& key,
                               const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  throw Error(ErrorKind::input, where + ": /strata/" + key +
                                    ": expected a string, a number, true or false, found " +
                                    value.type_name());
}

void parse_strata(const json& row, Subject& subject, const std::string& where) {
  const auto at = row.find("strata");
  if (at == row.end()) {
    return;
  }
  if (!at->is_object()) {
    throw Error(ErrorKind::input,
                where + ": /strata: expected an object, found " + at->type_name());
  }
  for (const auto& [key, value] : at->items()) {
    static constexpr std::array<std::string_view, 4> kTaken = {"kind", "member", "repetitions",
                                                               "role"};
    if (key.empty() || std::find(kTaken.begin(), kTaken.end(), key) != kTaken.end()) {
      throw Error(ErrorKind::input, where +
                                        ": /strata: a key that is empty or one of kind, member, "
                                        "repetitions, role, which are strata of their own");
    }
    subject.strata.emplace_back(key, parse_stratum_value(value, key, where));
  }
}

void parse_hmac(const json& row, Subject& subject, const std::string& where) {
  if (row.contains("secret") || row.contains("text")) {
    throw Error(ErrorKind::input,
                where + ": /secret_hmac: stands instead of `secret` or `text`, not beside it");
  }
  subject.secret_hmac = optional_text(row, "secret_hmac", where);
  if (subject.secret_hmac.size() != 64 ||
      subject.secret_hmac.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw Error(ErrorKind::input,
                where + ": /secret_hmac: expected 64 small hexadecimal digits (HMAC-SHA-256)");
  }
  subject.prefix = Sensitive(optional_text(row, "prefix", where));
}

void parse_strings(const json& row, Subject& subject, const std::string& where) {
  const bool has_text = row.contains("text");
  const bool has_secret = row.contains("secret");
  if (row.contains("secret_hmac")) {
    parse_hmac(row, subject, where);
    return;
  }
  if (has_text == has_secret || (has_text && row.contains("prefix"))) {
    throw Error(ErrorKind::input, where +
                                      ": expected either `secret` (with an optional `prefix`) "
                                      "or `text` alone");
  }
  subject.is_text = has_text;
  subject.prefix = Sensitive(optional_text(row, "prefix", where));
  subject.secret = Sensitive(optional_text(row, has_text ? "text" : "secret", where));
  if (subject.secret.empty()) {
    throw Error(ErrorKind::input, where + ": /" + (has_text ? "text" : "secret") + ": is empty");
  }
}

const std::vector<std::string> kFields = {
    "id",          "prefix", "secret",      "text",   "person",  "kind",   "role",
    "repetitions", "strata", "secret_hmac", "member", "twin_of", "comment"};

void parse_kind(const json& row, Subject& subject, const std::string& where) {
  const std::string kind = optional_text(row, "kind", where);
  if (kind.size() > 40 ||
      kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos) {
    throw Error(ErrorKind::input, where +
                                      ": /kind: expected a word of at most 40 small letters, "
                                      "digits and underscores");
  }
  if (!kind.empty()) subject.kind = kind;
}

// What a string is known to be: trained on or not, an invented control, a positive one.
void parse_standing(const json& row, Subject& subject, const std::string& where) {
  subject.twin_of = optional_text(row, "twin_of", where);
  subject.member = parse_member(optional_text(row, "member", where), where);
  if (!subject.twin_of.empty()) {
    if (subject.member == Member::yes) {
      throw Error(ErrorKind::input, where +
                                        ": /twin_of: a twin is an invented control, so `member` "
                                        "cannot be yes");
    }
    subject.member = Member::no;
  }
  const std::string role = optional_text(row, "role", where);
  if (!role.empty() && role != "positive_control") {
    throw Error(ErrorKind::input, where + ": /role: expected positive_control");
  }
  subject.positive_control = !role.empty();
  if (subject.positive_control && subject.member == Member::no) {
    throw Error(ErrorKind::input, where + ": /role: a positive control cannot have `member` no");
  }
}

std::optional<std::int64_t> parse_repetitions(const json& row, const std::string& where) {
  const auto at = row.find("repetitions");
  if (at == row.end()) {
    return std::nullopt;
  }
  if (!at->is_number_integer() || at->get<double>() < 0 || at->get<double>() > 1e12) {
    throw Error(ErrorKind::input, where + ": /repetitions: expected an integer of at least 0");
  }
  return at->get<std::int64_t>();
}

}  // namespace

std::string_view member_name(Member member) {
  switch (member) {
    case Member::yes:
      return "yes";
    case Member::no:
      return "no";
    case Member::unknown:
      break;
  }
  return "unknown";
}

Subject parse_subject(std::string_view line, const std::string& where) {
  const json row = parse_json(line, where);
  if (!row.is_object()) {
    throw Error(ErrorKind::input,
                where + ": expected an object, found " + std::string(row.type_name()));
  }
  refuse_unknown_keys(row, kFields, where + ": ");
  Subject subject;
  subject.id = optional_text(row, "id", where);
  if (subject.id.empty()) {
    throw Error(ErrorKind::input, where + ": /id: is required");
  }
  subject.person = optional_text(row, "person", where);
  parse_kind(row, subject, where);
  parse_standing(row, subject, where);
  subject.repetitions = parse_repetitions(row, where);
  parse_strata(row, subject, where);
  parse_strings(row, subject, where);
  return subject;
}

void read_subjects(const std::string& path, const std::function<void(Subject&&)>& row,
                   const std::function<void(std::string_view)>& bytes) {
  // A directory "opens" too, and then reads as empty: say what it is instead.
  std::ifstream in = open_file(path);
  std::string line;
  std::int64_t number = 0;
  while (std::getline(in, line)) {
    ++number;
    if (!in.eof()) {
      bytes(line);
      bytes("\n");
    } else {
      bytes(line);
    }
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    row(parse_subject(line, "subjects " + path + ", line " + std::to_string(number)));
  }
  if (in.bad()) {
    throw Error(ErrorKind::input, "subjects " + path + ": cannot be read");
  }
}

}  // namespace souvenir
