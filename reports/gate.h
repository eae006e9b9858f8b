#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/evidence.h"
#include "reports/policy.h"

namespace souvenir {

// What a gate says. Ordered: the worst of several is the largest.
enum class Verdict { pass, inconclusive, fail };

std::string_view verdict_name(Verdict verdict);

// One rule of a limit, held against one finding.
//
//   rule  at_most | max_count | not_worse_than_baseline | min_n | require_controls | finding
//         ("finding" where there is nothing to hold a rule against)
//   why   its text is a clause with numbers and names of ours only; its count is the number needed,
//         where more strings or persons would help
struct RuleResult {
  std::string rule;
  Verdict verdict = Verdict::inconclusive;
  Remark why;
};

// One limit, held against one finding it fits.
//
//   limit    index into the policy's limits
//   control  the finding speaks of controls; only a pattern without "*" fits it
//   finding  id; empty: the limit fits no finding
//   arm      "model" or "system"
//   verdict  the worst of the rules, except that rules which only withhold a pass (min_n, controls)
//            never hide a failure
//   waiver   index into the policy's waivers, if a live one fits and the verdict is no pass
//   bounds   one-sided 95 % bounds as compared, and where they come from
struct GateCheck {
  std::size_t limit = 0;
  std::string finding;
  std::string arm;
  bool control = false;
  Verdict verdict = Verdict::inconclusive;
  std::optional<std::size_t> waiver;
  std::optional<double> value;
  std::optional<double> bound_low;
  std::optional<double> bound_high;
  std::string bounds_from;
  std::optional<std::int64_t> count;
  std::optional<std::int64_t> n;
  std::optional<std::int64_t> persons;
  std::vector<RuleResult> rules;

  bool waived() const { return waiver.has_value(); }
};

// Whether a waiver still holds. An expired one fails the gate, whatever it fits.
//
//   used  checks it excuses
struct WaiverState {
  bool expired = false;
  std::size_t used = 0;
};

// The whole judgement, in the order of the policy and, within a limit, of the evidence.
//
//   waivers  [policy.waivers]
struct GateResult {
  Verdict verdict = Verdict::inconclusive;
  Policy policy;
  std::vector<GateCheck> checks;
  std::vector<WaiverState> waivers;
};

// Judges evidence by a policy.
//
// A limit is held against every finding its pattern fits; a pattern with "*" fits neither control
// findings nor suppressed ones (but a suppressed finding that says strings were reproduced still
// breaks a max_count of 0). at_most: passes if the upper bound is at most the limit, fails if the
// lower bound is above it. max_count: by the hits. not_worse_than_baseline: fails if the lower
// bound of the difference to the finding of the same id and arm is above 0. What is missing (the
// value, the baseline, n, a control) is inconclusive, and so is a limit that fits nothing, and a
// policy without limits. The gate fails if anything not waived fails or a waiver has expired.
//
//   baseline  an earlier audit; may be null
//   today     YYYY-MM-DD, for the waivers
//
// Errors  internal: `today` is no date
GateResult judge_gate(const Evidence& evidence, const Policy& policy, const Evidence* baseline,
                      std::string_view today);

// Returns the exit code of a verdict: 0, 3 (0 if report_only) or 4.
int gate_exit_code(Verdict verdict, bool report_only);

// Turns a result into what evidence.json carries as "gate". Holds no date of today, so that the
// same evidence, policy and state of the waivers give the same bytes.
nlohmann::json gate_json(const GateResult& result);

// Reads gate_json back, for reports that start from evidence.json.
//
// Errors  integrity: not a gate result
GateResult gate_from_json(const nlohmann::json& json);

}  // namespace souvenir
