#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/finding.h"

namespace souvenir {

inline constexpr const char* kPolicySchema = "souvenir/policy/1";

// What a controller allows, on the findings whose id fits a pattern. At least one of the first
// three rules is set.
//
//   finding                  pattern; "*" stands for any run of characters
//   at_most                  in the unit of the estimate; compared with confidence bounds
//   max_count                hits
//   not_worse_than_baseline  against the same finding of an earlier audit
//   min_n                    persons where given, else strings
//   require_controls         roles that must have passed
//   owner, reason, date      who set it, why, when; not interpreted
struct Limit {
  std::string finding;
  std::optional<double> at_most;
  std::optional<std::int64_t> max_count;
  bool not_worse_than_baseline = false;
  std::optional<std::int64_t> min_n;
  std::vector<std::string> require_controls;
  std::string owner;
  std::string reason;
  std::string date;
};

// Accepts, until the end of a day, that findings exceed their limits.
//
//   expires  YYYY-MM-DD; still live on that day
struct Waiver {
  std::string finding;
  std::string owner;
  std::string reason;
  std::string expires;
};

struct Policy {
  std::vector<Limit> limits;
  std::vector<Waiver> waivers;
};

// Reads a policy, schema souvenir/policy/1 (configs/policy.schema.json).
//
// Errors  input: not JSON, a missing, unknown or ill-typed field, named by its JSON pointer; for an
//         unknown key also the nearest known one
Policy parse_policy(std::string_view json_text);

// Returns what is worth knowing about a policy before there is evidence: limits that no audit of
// the size they ask for could pass, or that nobody answers for. Not errors.
std::vector<Remark> validate_policy(const Policy& policy);

// Returns the smallest number of persons (or strings) at which a limit on a rate could pass, were
// there no hit at all; nothing where that does not depend on a number, or none is enough.
std::optional<std::int64_t> least_n(const Limit& limit);

// Says whether a finding id fits a pattern.
//
// Cost  O(pattern * id) time
bool pattern_matches(std::string_view pattern, std::string_view id);

// Says whether a text is a day of the Gregorian calendar, YYYY-MM-DD.
bool is_date(std::string_view text);

}  // namespace souvenir
