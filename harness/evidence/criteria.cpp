#include "harness/evidence/criteria.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "harness/error.h"
#include "harness/evidence/json.h"

namespace souvenir {

namespace embedded {
extern const std::string_view criteria_json;
}

namespace {

using nlohmann::json;

using FindingList = std::vector<const Finding*>;

CriterionRule parse_rule(const std::string& name) {
  constexpr std::array<std::string_view, 7> kNames = {
      "claim", "stratum", "instrument", "effort", "incident", "judgement", "none"};
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end()) {
    throw Error(ErrorKind::internal, "criteria catalogue: unknown rule " + name);
  }
  return static_cast<CriterionRule>(at - kNames.begin());
}

BilingualText parse_text(const json& value) { return {value.at("en"), value.at("fr")}; }

Criterion parse_criterion(const json& value) {
  Criterion c;
  c.id = value.at("id");
  c.title = parse_text(value.at("title"));
  c.question = parse_text(value.at("question"));
  for (const json& source : value.at("sources")) {
    c.sources.push_back({parse_text(source), source.at("mark"), source.at("force")});
  }
  c.force = value.at("force");
  c.human = parse_text(value.at("human"));
  const json& rule = value.at("outcome");
  c.rule = parse_rule(rule.at("rule"));
  c.findings = rule.value("findings", std::vector<std::string>{});
  c.strata = rule.value("strata", std::vector<std::string>{});
  c.arm = rule.value("arm", "model");
  c.support = rule.value("can_support", false);
  c.otherwise = outcome_from_name(rule.at("otherwise").get<std::string>()).value();
  return c;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool over_all(const Finding& finding) { return finding.stratum.key.empty(); }

// A stratum that says "no" is the strings without the mark.
bool is_marked(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return !contains({"", "no", "none", "false", "0"}, *text);
  }
  if (const auto* yes = std::get_if<bool>(&value)) return *yes;
  return *number_in(value) != 0.0;
}

// Findings a word can rest on: about the strings in question, not about controls, not descriptive,
// asked at all, and not suppressed, since what is suppressed must not come back through a
// criterion.
bool carries_word(const Finding& finding) {
  const bool readable = !finding.suppressed || over_all(finding);
  return !finding.is_control && readable && finding.outcome != Outcome::not_applicable &&
         finding.outcome != Outcome::not_tested;
}

FindingList relevant(const Criterion& criterion, std::span<const Finding> findings) {
  FindingList list;
  for (const Finding& f : findings) {
    const bool named = contains(criterion.findings, f.probe + "/" + f.metric.name);
    const bool in_stratum = contains(criterion.strata, f.stratum.key) && is_marked(f.stratum.value);
    if (carries_word(f) && f.arm == criterion.arm &&
        (criterion.rule == CriterionRule::stratum ? in_stratum : named)) {
      list.push_back(&f);
    }
  }
  return list;
}

FindingList filtered(const FindingList& list, auto&& keep) {
  FindingList out;
  std::copy_if(list.begin(), list.end(), std::back_inserter(out),
               [&](const Finding* finding) { return keep(*finding); });
  return out;
}

CriterionOutcome conclude(const Criterion& criterion, Outcome outcome, const FindingList& list) {
  CriterionOutcome out{criterion.id, outcome, {}};
  for (const Finding* finding : list) {
    out.findings.push_back(finding_id(*finding));
  }
  return out;
}

bool all_are(const FindingList& list, Outcome outcome) {
  return !list.empty() && std::all_of(list.begin(), list.end(), [&](const Finding* finding) {
    return finding->outcome == outcome;
  });
}

// One contradicted finding contradicts, in whatever stratum; only the findings over everything can
// say the other word, and only together.
CriterionOutcome judge_claim(const Criterion& criterion, const FindingList& list) {
  const FindingList against =
      filtered(list, [](const Finding& f) { return f.outcome == Outcome::contradicted; });
  if (!against.empty()) {
    return conclude(criterion, Outcome::contradicted, against);
  }
  const FindingList whole =
      criterion.rule == CriterionRule::stratum ? list : filtered(list, over_all);
  if (criterion.support && all_are(whole, Outcome::not_contradicted_in_scope)) {
    return conclude(criterion, Outcome::not_contradicted_in_scope, whole);
  }
  if (all_are(whole, Outcome::human_judgement)) {
    return conclude(criterion, Outcome::human_judgement, whole);
  }
  return list.empty() ? conclude(criterion, criterion.otherwise, list)
                      : conclude(criterion, Outcome::inconclusive, whole.empty() ? list : whole);
}

struct ControlTally {
  int passed = 0;
  int failed = 0;
};

ControlTally tally_controls(const FindingList& list, std::string_view role) {
  ControlTally tally;
  for (const Finding* finding : list) {
    for (const Control& control : finding->controls) {
      if (control.role == role && control.passed) {
        ++(*control.passed ? tally.passed : tally.failed);
      }
    }
  }
  return tally;
}

// A positive control has to be seen once: a strict metric may miss it. A negative one never may be.
CriterionOutcome judge_instrument(const Criterion& criterion, const FindingList& list) {
  const ControlTally positive = tally_controls(list, "positive");
  const ControlTally negative = tally_controls(list, "negative");
  if (list.empty()) {
    return conclude(criterion, criterion.otherwise, list);
  }
  if (negative.failed > 0 || (positive.failed > 0 && positive.passed == 0)) {
    return conclude(criterion, Outcome::contradicted, list);
  }
  const bool both = positive.passed > 0 && negative.passed > 0;
  return conclude(criterion, both ? Outcome::not_contradicted_in_scope : Outcome::inconclusive,
                  list);
}

bool states_its_power(const Finding& finding) {
  const Estimate& e = finding.estimate;
  return e.n && *e.n > 0 && (e.bound_high || e.high) && finding.minimum_detectable;
}

CriterionOutcome judge_effort(const Criterion& criterion, const FindingList& list) {
  if (list.empty()) {
    return conclude(criterion, criterion.otherwise, list);
  }
  const bool stated = std::all_of(
      list.begin(), list.end(), [](const Finding* finding) { return states_its_power(*finding); });
  return conclude(criterion, stated ? Outcome::human_judgement : Outcome::inconclusive, list);
}

// A hit needs an owner and a decision, which only a person can give. Without one there is nothing
// to open.
CriterionOutcome judge_incident(const Criterion& criterion, const FindingList& list) {
  const FindingList hits = filtered(list, [](const Finding& f) {
    return f.outcome == Outcome::contradicted || f.estimate.count.value_or(0) > 0;
  });
  if (list.empty()) {
    return conclude(criterion, criterion.otherwise, list);
  }
  return conclude(criterion, hits.empty() ? Outcome::not_applicable : Outcome::human_judgement,
                  filtered(hits, over_all));
}

CriterionOutcome judge_by_person(const Criterion& criterion, const FindingList& whole,
                                 const FindingList& all) {
  if (criterion.strata.empty()) {
    const FindingList against =
        filtered(whole, [](const Finding& f) { return f.outcome == Outcome::contradicted; });
    return conclude(criterion, whole.empty() ? criterion.otherwise : Outcome::human_judgement,
                    against);
  }
  return conclude(criterion, Outcome::human_judgement, filtered(all, [&](const Finding& f) {
                    return contains(criterion.strata, f.stratum.key);
                  }));
}

CriterionOutcome judge(const Criterion& criterion, std::span<const Finding> findings) {
  FindingList all;
  for (const Finding& finding : findings) {
    if (carries_word(finding)) {
      all.push_back(&finding);
    }
  }
  const FindingList whole = filtered(all, over_all);
  switch (criterion.rule) {
    case CriterionRule::claim:
    case CriterionRule::stratum:
      return judge_claim(criterion, relevant(criterion, findings));
    case CriterionRule::instrument:
      return judge_instrument(criterion, whole);
    case CriterionRule::effort:
      return judge_effort(criterion, whole);
    case CriterionRule::incident:
      return judge_incident(criterion, all);
    case CriterionRule::judgement:
      return judge_by_person(criterion, whole, all);
    case CriterionRule::none:
      break;
  }
  return conclude(criterion, criterion.otherwise, {});
}

}  // namespace

const CriteriaCatalogue& criteria_catalogue() {
  static const CriteriaCatalogue catalogue = [] {
    const json document = json::parse(embedded::criteria_json);
    CriteriaCatalogue out{document.at("version"), {}};
    for (const json& criterion : document.at("criteria")) {
      out.criteria.push_back(parse_criterion(criterion));
    }
    return out;
  }();
  return catalogue;
}

std::vector<CriterionOutcome> criteria_outcomes(std::span<const Finding> findings) {
  std::vector<CriterionOutcome> out;
  for (const Criterion& criterion : criteria_catalogue().criteria) {
    out.push_back(judge(criterion, findings));
  }
  return out;
}

}  // namespace souvenir
