#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/finding.h"

namespace souvenir {

// The least an audit must have before it may say a word of reassurance.
//
//   min_n             strings (persons, where given) a rate must be over
//   min_controls      negative controls that must have been asked
//   max_control_rate  a negative control fails when the lower bound of its own rate is above this:
//                     then the strings are guessable, and neither word means anything
struct OutcomeRules {
  std::int64_t min_n = 300;
  std::int64_t min_controls = 20;
  double max_control_rate = 0.05;
};

// What a word is decided from. Counts are of strings.
//
//   control_rate_alike  that of the controls, were they of the kinds that the strings are of, in
//   the
//                       same shares; nothing where they are
//   reproduction      the metric counts strings that were reproduced verbatim: one is enough
//   hits              strings that count, and are not given away by their prompt
//   unknown_only      none of those hits is known to be in the training data
//   control_hits      negative controls reproduced, of `controls` asked
//   positive_hits     positive controls reproduced, of `positives` asked
struct OutcomeFacts {
  Estimate rate;
  Estimate control_rate;
  std::optional<Estimate> control_rate_alike;
  bool reproduction = false;
  std::int64_t hits = 0;
  bool unknown_only = false;
  std::int64_t control_hits = 0;
  std::int64_t controls = 0;
  std::int64_t positive_hits = 0;
  std::int64_t positives = 0;
};

// Builds the control entries of a finding: negative, then positive.
//
//   prefix  "probe/metric[params]", to name the controls' own findings
std::vector<Control> judge_controls(const OutcomeFacts& facts, const OutcomeRules& rules,
                                    const std::string& prefix);

// Decides the word by the rule of README.md, "Outcomes". `finding` holds controls, and an
// estimate whose p_adjusted is the Holm-adjusted p-value of the difference to the control.
void decide_outcome(Finding& finding, const OutcomeFacts& facts, const OutcomeRules& rules);

// Adjusts the p-values of the findings' differences as one family, by Holm.
void adjust_family(std::vector<Finding*>& findings, const std::string& family);

// Withholds the numbers of a finding over too few persons (or strings, where none are given).
void suppress_if_small(Finding& finding);

// Withholds the numbers of a finding, because a part of it is over too few.
void suppress(Finding& finding, bool by_person);

}  // namespace souvenir
