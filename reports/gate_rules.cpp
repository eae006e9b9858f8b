#include "reports/gate_rules.h"

#include <algorithm>

#include "metrics/binomial.h"
#include "reports/gate_text.h"

namespace souvenir {
namespace {

RuleResult result(const char* rule, Verdict verdict, const char* code, const std::string& text,
                  std::optional<std::int64_t> needed = std::nullopt) {
  RuleResult r{rule, verdict, {code, text, std::nullopt}};
  if (needed) r.why.count = static_cast<double>(*needed);
  return r;
}

std::string counted(std::int64_t number, const char* singular, const char* plural) {
  return std::to_string(number) + " " + (number == 1 ? singular : plural);
}

// "3 of 300 strings, 120 persons", or nothing.
std::string counts_text(const Estimate& e) {
  if (!e.n) return "";
  std::string text = e.count ? std::to_string(*e.count) + " of " : "n = ";
  text += e.count ? counted(*e.n, "string", "strings") : std::to_string(*e.n);
  if (e.persons) text += ", " + counted(*e.persons, "person", "persons");
  return " (" + text + ")";
}

std::string no_value(const Estimate& e) {
  return "there is no value" + (e.reason.empty() ? std::string() : ": " + e.reason);
}

// Why a limit between the bounds (or an n too small for it) is undecided, and what would decide it.
RuleResult undecided(double limit, const Estimate& e, const GateBounds& bounds) {
  std::string text = "upper bound " + number_text(*bounds.high, limit) + " is above " +
                     number_text(limit, *bounds.high) + counts_text(e);
  if (bounds.from != "counts") return result("at_most", Verdict::inconclusive, "undecided", text);
  const std::int64_t units = e.persons ? *e.persons : *e.n;
  const char* unit = e.persons ? "persons" : "strings";
  const auto least = limit < 0.0 ? std::nullopt : n_to_pass(0, limit, kConfidence);
  if (!least) {
    text += ": no number of strings can pass this limit; max_count limits the hits themselves";
    return result("at_most", Verdict::inconclusive, "limit_never_passes", text);
  }
  if (units < *least) {
    text += ": could not pass even with no hit, needs at least " + std::to_string(*least) + " " +
            unit + ", has " + std::to_string(units);
    return result("at_most", Verdict::inconclusive, "n_too_small", text, least);
  }
  const auto needed = n_to_pass(*e.count, limit, kConfidence);
  if (needed) {
    text += ": with no more hits than these, needs at least " + std::to_string(*needed) + " " +
            (e.n_effective && *e.n_effective < static_cast<double>(*e.n)
                 ? "independent strings, is worth " + number_text(*e.n_effective)
                 : "strings, has " + std::to_string(*e.n));
  }
  return result("at_most", Verdict::inconclusive, "undecided", text, needed);
}

}  // namespace

RuleResult at_most_rule(double limit, const Estimate& estimate, const GateBounds& bounds) {
  if (!bounds.value) {
    return result("at_most", Verdict::inconclusive, "no_value", no_value(estimate));
  }
  const std::string counts = counts_text(estimate);
  if (bounds.low && *bounds.low > limit) {
    const bool census = bounds.from == "census";
    return result("at_most", Verdict::fail, "above",
                  std::string(census ? "value " : "lower bound ") +
                      number_text(*bounds.low, limit) + " is above " +
                      number_text(limit, *bounds.low) + counts);
  }
  if (!bounds.high) {
    return result("at_most", Verdict::inconclusive, "no_bound",
                  "there is no upper bound to hold against " + number_text(limit) + counts);
  }
  if (*bounds.high <= limit) {
    return result("at_most", Verdict::pass, "within",
                  std::string(bounds.from == "census" ? "value " : "upper bound ") +
                      number_text(*bounds.high, limit) + " is at most " +
                      number_text(limit, *bounds.high) + counts);
  }
  return undecided(limit, estimate, bounds);
}

RuleResult max_count_rule(std::int64_t limit, const Finding& finding) {
  const auto count = gate_count(finding.estimate);
  if (!count) {
    return result(
        "max_count", Verdict::inconclusive, "no_count",
        finding.estimate.value ? "there are no hits to count" : no_value(finding.estimate));
  }
  std::string text = counted(*count, "hit", "hits") + ", at most " + std::to_string(limit);
  if (finding.ambiguous.value_or(0) > 0) {
    text += " (and " + counted(*finding.ambiguous, "near-tie", "near-ties") + " not decided)";
  }
  return result("max_count", *count <= limit ? Verdict::pass : Verdict::fail,
                *count <= limit ? "count_within" : "count_above", text);
}

RuleResult not_worse_rule(const GateBounds& now, const GateBounds& before) {
  const bool bounded = now.value && now.low && before.value && before.high;
  if (!bounded) return not_comparable("no_bounds", "no bounds to compare with the baseline");
  const double lower =
      square_and_add({.value = *now.value, .low = *now.low, .high = *now.value},
                     {.value = *before.value, .low = *before.value, .high = *before.high})
          .low;
  const double difference = *now.value - *before.value;
  const std::string text = number_text(*now.value, *before.value) + " after " +
                           number_text(*before.value, *now.value) +
                           " in the baseline, difference " + number_text(difference) +
                           " with lower bound " + number_text(lower);
  return lower > 0.0 ? result("not_worse_than_baseline", Verdict::fail, "worse", text + " above 0")
                     : result("not_worse_than_baseline", Verdict::pass, "not_shown_worse",
                              text + ", not above 0");
}

RuleResult min_n_rule(std::int64_t min_n, const Estimate& estimate) {
  const auto n = estimate.persons ? estimate.persons : estimate.n;
  const char* unit = estimate.persons ? "persons" : "strings";
  const std::string wanted = ", at least " + std::to_string(min_n) + " are asked for";
  if (!n) {
    return result("min_n", Verdict::inconclusive, "no_n",
                  "the number of strings is not recorded" + wanted, min_n);
  }
  const bool enough = *n >= min_n;
  return result("min_n", enough ? Verdict::pass : Verdict::inconclusive,
                enough ? "enough" : "too_few", std::to_string(*n) + " " + unit + wanted,
                enough ? std::nullopt : std::optional(min_n));
}

RuleResult control_rule(const std::string& role, const std::vector<Control>& controls) {
  Verdict verdict = Verdict::inconclusive;
  const char* code = "control_missing";
  std::string text = "the " + role + " control is missing";
  for (const Control& control : controls) {
    if (control.role != role) continue;
    if (control.passed == true) {
      verdict = Verdict::pass;
      code = "control_passed";
      text = "the " + role + " control passed";
      continue;
    }
    // One that failed or could not be judged is not made good by another that passed.
    code = control.passed ? "control_failed" : "control_undecided";
    text = "the " + role + " control " + (control.passed ? "failed" : "is undecided") +
           (control.reason.empty() ? "" : ": " + control.reason);
    return result("require_controls", Verdict::inconclusive, code, text);
  }
  return result("require_controls", verdict, code, text);
}

RuleResult suppressed_rule(bool reproduced) {
  return reproduced ? result("max_count", Verdict::fail, "reproduced_suppressed",
                             "strings were reproduced; how many is suppressed")
                    : result("finding", Verdict::inconclusive, "suppressed",
                             "suppressed: too few persons or strings to say");
}

RuleResult not_comparable(const std::string& code, const std::string& text) {
  return {"not_worse_than_baseline", Verdict::inconclusive, {code, text, std::nullopt}};
}

GateCheck fits_nothing(const Limit& limit, std::size_t controls, std::size_t suppressed) {
  std::string text = "fits no finding";
  if (controls + suppressed > 0) {
    text += " but controls (" + std::to_string(controls) + ") and suppressed ones (" +
            std::to_string(suppressed) + ")";
  }
  const auto needed = least_n(limit);
  if (needed) {
    text += "; once measured, it needs at least " + std::to_string(*needed) +
            " persons (or strings), with no hit";
  }
  GateCheck check;
  check.rules.push_back(result("finding", Verdict::inconclusive, "fits_nothing", text, needed));
  return check;
}

}  // namespace souvenir
