#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/evidence/finding.h"
#include "harness/evidence/sensitive.h"

namespace souvenir {

enum class Member { yes, no, unknown };

// What a string is in an experiment with planted secrets.
//
//   space       names the template that its secret was drawn from
//   tier        how often it stands in the training data if it was planted
//   planted     it was; else it was held out
//   coin        planted or not by a fair or known coin; else held out whatever the coin
//   most_often  planted as often as any: a positive control, beside being measured
struct CanaryRole {
  std::string space;
  std::int64_t tier = 1;
  bool planted = false;
  bool coin = true;
  bool most_often = false;
};

// One row of a subjects file (README.md, "Subjects"): a string whose regurgitation is measured.
//
//   secret        the string; for a row with `text` alone the whole text, to be cut into windows
//   secret_hmac   instead of the secret, 64 hexadecimal digits: it can be looked for, not scored
//   canary        not of a subjects file, but of a manifest
//   is_text       the row gave `text`, not prefix and secret
//   strata        sorted by key
struct Subject {
  std::string id;
  std::string person;  // empty: not given
  std::string kind = "text";
  Member member = Member::unknown;
  std::string twin_of;
  bool positive_control = false;
  std::optional<std::int64_t> repetitions;
  std::vector<std::pair<std::string, ParamValue>> strata;
  Sensitive prefix;
  Sensitive secret;
  std::string secret_hmac;
  std::optional<CanaryRole> canary;
  bool is_text = false;
};

// Reads one row.
//
//   where  what messages call the row, e.g. "subjects people.jsonl, line 7"
//
// Errors  input: names the row, the field and what was expected; never quotes a value of the row
Subject parse_subject(std::string_view line, const std::string& where);

// Reads a subjects file row by row; empty lines are skipped. Memory does not grow with the file.
//
// Returns   the bytes read, through `bytes`, for digesting
// Errors    input: an unreadable file or a wrong row
void read_subjects(const std::string& path, const std::function<void(Subject&&)>& row,
                   const std::function<void(std::string_view)>& bytes);

std::string_view member_name(Member member);

}  // namespace souvenir
