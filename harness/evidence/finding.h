#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "metrics/estimate.h"

namespace souvenir {

// The only words an audit has for what it found (reference: the criteria catalogue).
enum class Outcome {
  contradicted,
  not_contradicted_in_scope,
  inconclusive,
  not_tested,
  not_applicable,
  human_judgement,
};

// A sentence with a stable code, so that reports can say it in another language.
//
//   code   e.g. "no_positive_control"
//   text   the English sentence; holds numbers and names of ours, never subject text
//   count  the number the sentence speaks of, where it speaks of one
struct Remark {
  std::string code;
  std::string text;
  std::optional<double> count;
};

using ParamValue = std::variant<std::string, double, std::int64_t, bool>;

// Returns the number that a value is; nothing for text, true and false.
std::optional<double> number_in(const ParamValue& value);

// Names what was measured: "extractable_rate" with {n: 100, p: 0.5, ...}. Sorted by name.
struct Metric {
  std::string name;
  std::vector<std::pair<std::string, ParamValue>> params;
};

// The strings a finding is over: all (empty key), or those with one key and value.
struct Stratum {
  std::string key;
  ParamValue value;
};

// One comparison that a finding's word depends on.
//
//   role        "negative" | "positive" | "blind" | "reference"
//   finding     id of the control's own finding; empty if there is none
//   rate        the control's rate, where it has one
//   difference  rate minus the control's rate, with its interval
struct Control {
  std::string role;
  std::string finding;
  std::string rule;
  std::optional<bool> passed;
  std::string reason;
  std::optional<Estimate> rate;
  std::optional<Estimate> difference;
};

// One point of a receiver operating characteristic: with a threshold that takes this share of
// non-members for members, this share of members is found.
struct CurvePoint {
  double false_positive_rate = 0.0;
  double true_positive_rate = 0.0;
};

// What a curve may hold at most: enough to draw it, too few to read single strings off it.
inline constexpr std::size_t kMaxCurvePoints = 64;

// One claim of one probe on one stratum.
//
//   is_control  speaks of controls (member: no, twins): a policy's "*" never matches it
//   suppressed  too few persons or strings to publish: no estimate leaves private/
//   ambiguous   strings whose greedy match hangs on a near-tie even in float32
//   curve       what a rate of its kind comes from: neither coordinate ever falls, both in [0, 1]
struct Finding {
  std::string probe;
  std::string probe_version;
  Metric metric;
  Stratum stratum;
  std::string arm = "model";
  bool is_control = false;
  bool suppressed = false;
  Outcome outcome = Outcome::inconclusive;
  Remark outcome_reason;
  Estimate estimate;
  std::vector<Control> controls;
  std::optional<double> minimum_detectable;
  std::optional<std::int64_t> ambiguous;
  std::vector<Remark> caveats;
  std::vector<CurvePoint> curve;
};

// Returns the stable id: probe/metric[name=value,...]/stratum, "all" for everything,
// percent-encoded where a part holds one of / [ ] = , % * or a byte that is not a visible ASCII
// character. Numbers stand in their shortest form: 1, 0.5, 1e+21.
std::string finding_id(const Finding& finding);

}  // namespace souvenir
