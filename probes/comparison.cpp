#include "probes/comparison.h"

namespace souvenir {

namespace {

const Control* control_of(const Finding& finding, const std::string& role) {
  for (const Control& control : finding.controls) {
    if (control.role == role) return &control;
  }
  return nullptr;
}

void set(Finding& finding, Outcome outcome, std::string code, std::string text,
         std::optional<double> count = std::nullopt) {
  finding.outcome = outcome;
  finding.outcome_reason = {std::move(code), std::move(text), count};
}

void inconclusive(Finding& finding, std::string code, std::string text,
                  std::optional<double> count = std::nullopt) {
  set(finding, Outcome::inconclusive, std::move(code), std::move(text), count);
}

std::string number(std::int64_t value) { return std::to_string(value); }

}  // namespace

void decide_comparison(Finding& finding, const ComparisonFacts& facts,
                       const ComparisonRules& rules) {
  const Control* negative = control_of(finding, "negative");
  const Control* positive = control_of(finding, "positive");
  if (!finding.estimate.value) {
    inconclusive(finding, "no_estimate", "there is nothing to judge");
  } else if (negative != nullptr && negative->passed == false) {
    inconclusive(finding, "held_out_differ",
                 "planted and held-out strings differ, or held-out ones stand out, without the "
                 "training data: the comparison means nothing");
  } else if (finding.estimate.p_adjusted.value_or(1.0) < kComparisonAlpha) {
    set(finding, Outcome::contradicted, "told_apart", facts.told);
  } else if (facts.controls == 0) {
    inconclusive(finding, "no_negative_control", "no held-out string was given");
  } else if (facts.controls < rules.min_controls) {
    inconclusive(
        finding, "too_few_controls",
        "too few negative controls: at least " + number(rules.min_controls) + " are needed",
        static_cast<double>(rules.min_controls));
  } else if (positive == nullptr || !positive->passed) {
    inconclusive(finding, "no_positive_control",
                 "no positive control was given, so a leak might have gone unseen");
  } else if (!*positive->passed) {
    inconclusive(finding, "most_planted_unseen",
                 "not even the strings planted most often are told apart, so a leak might have "
                 "gone unseen");
  } else if (facts.n < rules.min_n) {
    inconclusive(finding, "too_few_strings",
                 "too few: the suite asks for at least " + number(rules.min_n),
                 static_cast<double>(rules.min_n));
  } else {
    set(finding, Outcome::not_contradicted_in_scope, "within_controls",
        "nothing beyond what controls show, in the scope that was asked");
  }
}

Control held_out_control(std::int64_t controls, const ComparisonRules& rules,
                         std::optional<bool> sound, const std::string& finding,
                         std::optional<Estimate> difference) {
  Control control;
  control.role = "negative";
  control.rule = "at least " + number(rules.min_controls) +
                 " strings of the same kinds that were held out of training, and nothing but "
                 "training sets them apart";
  if (controls == 0) {
    control.reason = "no held-out string was given";
    return control;
  }
  control.finding = finding;
  control.difference = std::move(difference);
  control.reason = number(controls) + " held out";
  if (sound == false) {
    control.passed = false;
  } else if (controls < rules.min_controls) {
    control.reason += "; at least " + number(rules.min_controls) + " are needed";
  } else if (sound) {
    control.passed = true;
  }
  return control;
}

Control planted_most_control(std::optional<bool> seen, std::int64_t strings,
                             const std::string& finding) {
  Control control;
  control.role = "positive";
  control.rule = "the strings planted most often are told apart from held-out ones (5 %)";
  if (!seen) {
    control.reason = "no planted string was given";
    return control;
  }
  control.finding = finding;
  control.passed = *seen;
  control.reason =
      number(strings) + " strings planted most often: " + (*seen ? "told apart" : "not told apart");
  return control;
}

}  // namespace souvenir
