#include "reports/diff.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "harness/evidence/json.h"
#include "metrics/binomial.h"
#include "metrics/multiplicity.h"
#include "reports/gate_bounds.h"

namespace souvenir {

namespace {

constexpr double kAlpha = 0.05;
constexpr double kNormalQuantile = 1.959963984540054;  // 97.5 %
constexpr std::array<std::string_view, 4> kMovedNames = {"no", "up", "down", "not_judged"};

std::string part_key(const Finding& finding) { return finding_id(finding) + " " + finding.arm; }

Estimate nothing(const std::string& reason) {
  Estimate out;
  out.reason = reason;
  return out;
}

Estimate of_rates(const Estimate& before, const Estimate& after, Trials a, Trials b) {
  Estimate out;
  const Interval interval = newcombe(b, a, 0.95);
  out.value = *after.value - *before.value;
  out.low = interval.low;
  out.high = interval.high;
  out.bound_low = newcombe_lower(b, a, 0.95);
  out.bound_high = newcombe_upper(b, a, 0.95);
  out.p_value = std::min(1.0, 2.0 * std::min(newcombe_p_value(a, b), newcombe_p_value(b, a)));
  out.method = "Newcombe on Clopper-Pearson limits";
  return out;
}

bool has_interval(const Estimate& e) {
  return e.value && e.low && e.high && e.sides == Sides::two && *e.low <= *e.value &&
         *e.value <= *e.high && *e.low < *e.high && std::abs(e.level - 0.95) < 1e-9;
}

Estimate of_intervals(const Estimate& before, const Estimate& after) {
  const Bounded a{.value = *before.value, .low = *before.low, .high = *before.high};
  const Bounded b{.value = *after.value, .low = *after.low, .high = *after.high};
  const Interval interval = square_and_add(b, a);
  Estimate out;
  out.value = b.value - a.value;
  out.low = interval.low;
  out.high = interval.high;
  // The side towards 0 is the one that a test of "no difference" hangs on.
  const double reach = *out.value >= 0.0 ? *out.value - interval.low : interval.high - *out.value;
  out.p_value = std::erfc(std::abs(*out.value) * kNormalQuantile / reach / std::sqrt(2.0));
  out.method = "limits squared and added";
  return out;
}

// Fills in the difference and, where noise cannot be judged, why.
void subtract(DiffRow& row) {
  const Estimate& before = row.before->estimate;
  const Estimate& after = row.after->estimate;
  if (row.before->suppressed || row.after->suppressed) {
    row.why = "suppressed";
    row.difference = nothing("suppressed in one of the two");
  } else if (!before.value || !after.value) {
    row.why = "no_value";
    row.difference = nothing("no value in one of the two");
  } else if (before.unit != after.unit) {
    row.why = "other_unit";
    row.difference = nothing("in different units");
  } else {
    const auto a = effective_trials(before);
    const auto b = effective_trials(after);
    if (a && b) {
      row.difference = of_rates(before, after, *a, *b);
    } else if (has_interval(before) && has_interval(after)) {
      row.difference = of_intervals(before, after);
    } else {
      row.why = "no_interval";
      row.difference.value = *after.value - *before.value;
      row.difference.method = "no interval";
    }
  }
  row.difference.unit = before.unit;
  row.difference.n = after.n;
  row.difference.persons = after.persons;
}

void adjust(std::vector<DiffRow>& rows) {
  std::map<std::string, std::vector<DiffRow*>> families;
  for (DiffRow& row : rows) {
    if (row.difference.p_value) {
      const Finding& f = *row.after;
      const std::string family =
          "diff/" + f.probe + "/" + f.metric.name + (f.is_control ? "/controls" : "");
      row.difference.family = family;
      families[family].push_back(&row);
    }
  }
  for (auto& [name, members] : families) {
    std::vector<double> p_values;
    for (const DiffRow* row : members) {
      p_values.push_back(*row->difference.p_value);
    }
    const std::vector<double> adjusted = holm(p_values);
    for (std::size_t i = 0; i < members.size(); ++i) {
      DiffRow& row = *members[i];
      row.difference.p_adjusted = adjusted[i];
      row.moved = adjusted[i] >= kAlpha         ? Moved::no
                  : *row.difference.value > 0.0 ? Moved::up
                                                : Moved::down;
    }
  }
}

struct InputKey {
  std::string role;
  std::int64_t rows;
  std::int64_t persons;
  std::string digest;
  std::string key_id;
  auto operator<=>(const InputKey&) const = default;

  // As far as can be told where digests were made with other keys.
  bool may_be(const InputKey& other) const {
    const bool keyed = !key_id.empty() && !other.key_id.empty() && key_id != other.key_id;
    return keyed && role == other.role && rows == other.rows && persons == other.persons;
  }
};

// What was asked about; a policy and a context judge and describe, and shape no number.
std::vector<InputKey> asked(const Evidence& evidence) {
  std::vector<InputKey> out;
  for (const AuditInput& input : evidence.inputs) {
    if (input.role != "policy" && input.role != "context" && input.role != "suite") {
      out.push_back(
          {input.role, input.rows, input.persons.value_or(0), input.digest, input.key_id});
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Roles and digests are an evidence's own words; digests differ in their first letters already.
std::string input_mismatch(const std::vector<InputKey>& a, const std::vector<InputKey>& b) {
  if (a.size() != b.size()) {
    return "inputs: " + std::to_string(a.size()) + " before, " + std::to_string(b.size()) +
           " after";
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && !a[i].may_be(b[i])) {
      return "an input differs (digest or role), the " + std::to_string(i + 1) + ". of " +
             std::to_string(a.size()) + " by role";
    }
  }
  return "";
}

}  // namespace

std::string_view moved_name(Moved moved) { return kMovedNames.at(static_cast<std::size_t>(moved)); }

std::vector<std::string> diff_mismatches(const Evidence& before, const Evidence& after) {
  std::vector<std::string> out;
  if (before.suite_sha256 != after.suite_sha256) {
    out.push_back("the suites differ (SHA-256)");
  }
  if (before.seed != after.seed) {
    out.push_back("the seeds differ: " + std::to_string(before.seed) + " before, " +
                  std::to_string(after.seed) + " after");
  }
  const auto reference = [](const Evidence& e) { return e.reference ? e.reference->sha256 : ""; };
  if (reference(before) != reference(after)) {
    out.push_back("the reference models differ (SHA-256)");
  }
  if (std::string inputs = input_mismatch(asked(before), asked(after)); !inputs.empty()) {
    out.push_back(std::move(inputs));
  }
  return out;
}

std::string diff_doubt(const Evidence& before, const Evidence& after) {
  const std::vector<InputKey> a = asked(before);
  const std::vector<InputKey> b = asked(after);
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].may_be(b[i])) {
      return "inputs are digested with other keys: that they are the same is taken from their "
             "numbers of rows and persons; with the same --id-key-file for both audits it would "
             "be known";
    }
  }
  return "";
}

EvidenceDiff diff_evidence(const Evidence& before, const Evidence& after) {
  EvidenceDiff diff{&before, &after, diff_mismatches(before, after), {}, {}, {}};
  std::map<std::string, const Finding*> others;
  for (const Finding& finding : after.findings) {
    others.emplace(part_key(finding), &finding);
  }
  for (const Finding& finding : before.findings) {
    const auto at = others.find(part_key(finding));
    if (at == others.end()) {
      diff.only_before.push_back(finding_id(finding));
      continue;
    }
    DiffRow row;
    row.id = finding_id(finding);
    row.before = &finding;
    row.after = at->second;
    subtract(row);
    diff.rows.push_back(std::move(row));
    others.erase(at);
  }
  for (const Finding& finding : after.findings) {
    if (others.count(part_key(finding)) > 0) {
      diff.only_after.push_back(finding_id(finding));
    }
  }
  adjust(diff.rows);
  return diff;
}

}  // namespace souvenir
