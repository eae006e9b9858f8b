#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/evidence/finding.h"
#include "reports/gate.h"
#include "reports/gate_bounds.h"

namespace souvenir {

// Holds one rule against one estimate; see judge_gate for what each means. The reasons they give
// are clauses with numbers of ours only.

RuleResult at_most_rule(double limit, const Estimate& estimate, const GateBounds& bounds);
RuleResult max_count_rule(std::int64_t limit, const Finding& finding);
RuleResult not_worse_rule(const GateBounds& now, const GateBounds& before);
RuleResult min_n_rule(std::int64_t min_n, const Estimate& estimate);
RuleResult control_rule(const std::string& role, const std::vector<Control>& controls);

// The rule of a finding that is suppressed.
//
//   reproduced  it says that strings were reproduced, and the limit allows none
RuleResult suppressed_rule(bool reproduced);

// The baseline rule where there is nothing to compare; inconclusive.
RuleResult not_comparable(const std::string& code, const std::string& text);

// The check of a limit that fits no finding; inconclusive, and says what n it needs.
//
//   controls, suppressed  findings its pattern fits but "*" leaves out
GateCheck fits_nothing(const Limit& limit, std::size_t controls, std::size_t suppressed);

}  // namespace souvenir
