#include "reports/gate.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "harness/error.h"
#include "metrics/binomial.h"
#include "reports/gate_rules.h"

namespace souvenir {
namespace {

// Where a finding stands for a pattern with "*": such a pattern speaks of results.
enum class Standing { result, control, suppressed };

// A finding with what a policy needs to know of it.
struct Entry {
  const Finding* finding = nullptr;
  std::string id;
  Standing standing = Standing::result;
};

std::vector<Entry> entries_of(const Evidence& evidence) {
  std::vector<Entry> entries;
  // Another tool's evidence may not mark control findings; those that a result names are.
  std::set<std::string> named_as_control;
  for (const Finding& finding : evidence.findings) {
    entries.push_back({&finding, finding_id(finding), Standing::result});
    if (finding.is_control) continue;
    for (const Control& control : finding.controls) {
      if (control.finding != entries.back().id) named_as_control.insert(control.finding);
    }
  }
  for (Entry& entry : entries) {
    if (entry.finding->suppressed) {
      entry.standing = Standing::suppressed;
    } else if (entry.finding->is_control || named_as_control.contains(entry.id)) {
      entry.standing = Standing::control;
    }
  }
  return entries;
}

const Entry* same_in(const std::vector<Entry>& entries, const Entry& wanted) {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.id == wanted.id && entry.finding->arm == wanted.finding->arm;
  });
  return at == entries.end() ? nullptr : &*at;
}

bool has_wildcard(std::string_view pattern) { return pattern.find('*') != std::string_view::npos; }

class Judge {
 public:
  Judge(const Evidence& evidence, const Evidence* baseline)
      : entries_(entries_of(evidence)),
        baseline_(baseline == nullptr ? std::vector<Entry>() : entries_of(*baseline)),
        has_baseline_(baseline != nullptr) {}

  // Appends the checks of one limit: at least one.
  void judge(const Limit& limit, std::size_t index, std::vector<GateCheck>& checks) const {
    const std::size_t first = checks.size();
    std::size_t controls = 0;
    std::size_t suppressed = 0;
    for (const Entry& entry : entries_) {
      if (!pattern_matches(limit.finding, entry.id)) continue;
      const bool excluded = has_wildcard(limit.finding) && entry.standing != Standing::result;
      if (excluded && !breaks_though_suppressed(limit, entry)) {
        ++(entry.standing == Standing::control ? controls : suppressed);
        continue;
      }
      checks.push_back(check(limit, entry));
    }
    if (limit.not_worse_than_baseline) add_vanished(limit, checks);
    if (checks.size() == first) checks.push_back(fits_nothing(limit, controls, suppressed));
    for (std::size_t i = first; i < checks.size(); ++i) {
      checks[i].limit = index;
      for (const RuleResult& rule : checks[i].rules) {
        checks[i].verdict = std::max(checks[i].verdict, rule.verdict);
      }
    }
  }

 private:
  static GateCheck named(const Entry& entry) {
    GateCheck check;
    check.finding = entry.id;
    check.arm = entry.finding->arm;
    check.control = entry.standing == Standing::control;
    check.verdict = Verdict::pass;  // until a rule says otherwise
    return check;
  }

  static bool breaks_though_suppressed(const Limit& limit, const Entry& entry) {
    return entry.standing == Standing::suppressed && limit.max_count == 0 &&
           entry.finding->outcome == Outcome::contradicted;
  }

  GateCheck check(const Limit& limit, const Entry& entry) const {
    GateCheck result = named(entry);
    if (entry.standing == Standing::suppressed) {
      result.rules.push_back(suppressed_rule(breaks_though_suppressed(limit, entry)));
      return result;
    }
    const Estimate& estimate = entry.finding->estimate;
    const GateBounds bounds = gate_bounds(estimate);
    result.value = bounds.value;
    result.bound_low = bounds.low;
    result.bound_high = bounds.high;
    result.bounds_from = bounds.from;
    result.count = estimate.count;
    result.n = estimate.n;
    result.persons = estimate.persons;
    if (limit.at_most) result.rules.push_back(at_most_rule(*limit.at_most, estimate, bounds));
    if (limit.max_count) result.rules.push_back(max_count_rule(*limit.max_count, *entry.finding));
    if (limit.not_worse_than_baseline) result.rules.push_back(baseline_rule(entry, bounds));
    if (limit.min_n) result.rules.push_back(min_n_rule(*limit.min_n, estimate));
    for (const std::string& role : limit.require_controls) {
      result.rules.push_back(control_rule(role, entry.finding->controls));
    }
    return result;
  }

  RuleResult baseline_rule(const Entry& entry, const GateBounds& now) const {
    if (!has_baseline_) {
      return not_comparable("no_baseline", "no baseline was given to compare with");
    }
    const Entry* before = same_in(baseline_, entry);
    if (before == nullptr) return not_comparable("not_in_baseline", "not in the baseline");
    if (before->standing == Standing::suppressed) {
      return not_comparable("suppressed_in_baseline", "suppressed in the baseline");
    }
    if (before->finding->estimate.unit != entry.finding->estimate.unit) {
      return not_comparable("other_unit_in_baseline", "in another unit in the baseline");
    }
    return not_worse_rule(now, gate_bounds(before->finding->estimate));
  }

  // What the baseline measured and this audit did not cannot be shown to be no worse.
  void add_vanished(const Limit& limit, std::vector<GateCheck>& checks) const {
    for (const Entry& before : baseline_) {
      const bool meant = pattern_matches(limit.finding, before.id) &&
                         (before.standing == Standing::result || !has_wildcard(limit.finding));
      if (!meant || same_in(entries_, before) != nullptr) continue;
      checks.push_back(named(before));
      checks.back().rules.push_back(
          not_comparable("only_in_baseline", "measured in the baseline and not in this audit"));
    }
  }

  std::vector<Entry> entries_;
  std::vector<Entry> baseline_;
  bool has_baseline_;
};

void apply_waivers(GateResult& result, std::string_view today) {
  const std::vector<Waiver>& waivers = result.policy.waivers;
  result.waivers.resize(waivers.size());
  for (std::size_t w = 0; w < waivers.size(); ++w) {
    result.waivers[w].expired = waivers[w].expires < today;  // both YYYY-MM-DD
    if (result.waivers[w].expired) continue;
    for (GateCheck& check : result.checks) {
      const std::string& pattern = waivers[w].finding;
      const bool excusable = check.verdict != Verdict::pass && !check.finding.empty() &&
                             !check.waived() && !(check.control && has_wildcard(pattern));
      if (!excusable || !pattern_matches(pattern, check.finding)) continue;
      check.waiver = w;
      ++result.waivers[w].used;
    }
  }
}

Verdict overall(const GateResult& result) {
  Verdict verdict = result.checks.empty() ? Verdict::inconclusive : Verdict::pass;
  for (const GateCheck& check : result.checks) {
    if (!check.waived()) verdict = std::max(verdict, check.verdict);
  }
  const bool any_expired = std::any_of(result.waivers.begin(), result.waivers.end(),
                                       [](const WaiverState& waiver) { return waiver.expired; });
  return any_expired ? Verdict::fail : verdict;
}

}  // namespace

GateResult judge_gate(const Evidence& evidence, const Policy& policy, const Evidence* baseline,
                      std::string_view today) {
  if (!is_date(today)) {
    throw Error(ErrorKind::internal, "gate: today: expected YYYY-MM-DD, found another text");
  }
  GateResult result;
  result.policy = policy;
  const Judge judge(evidence, baseline);
  for (std::size_t i = 0; i < policy.limits.size(); ++i) {
    judge.judge(policy.limits[i], i, result.checks);
  }
  apply_waivers(result, today);
  result.verdict = overall(result);
  return result;
}

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::inconclusive:
      return "inconclusive";
    case Verdict::fail:
      return "fail";
  }
  throw Error(ErrorKind::internal, "gate: a verdict without a name");
}

int gate_exit_code(Verdict verdict, bool report_only) {
  if (verdict == Verdict::fail) return report_only ? 0 : 3;
  return verdict == Verdict::inconclusive ? 4 : 0;
}

}  // namespace souvenir
