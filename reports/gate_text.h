#pragma once

#include <string>

#include "reports/gate.h"

namespace souvenir {

// Returns a number as people read it: at most three significant digits, or as many as it takes to
// tell it from `other`, so that no message says that 0.01 is above 0.01.
std::string number_text(double value);
std::string number_text(double value, double other);

// Returns the judgement in one sentence: "gate: fail: 1 of 3 checks failed, ...".
std::string gate_summary(const GateResult& result);

// Returns one line per check and waiver: the word, the finding, and why, each rule a clause.
//
//   everything  false: only what is not a pass, and the waivers
std::string explain_gate(const GateResult& result, bool everything);

// Returns why a check came out as it did, in one line without the finding's name.
std::string explain_check(const GateCheck& check);

}  // namespace souvenir
