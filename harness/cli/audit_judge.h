#pragma once

#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/journal.h"
#include "harness/probe.h"

namespace souvenir::cli {

// A probe of the suite, with its parameters filled in.
struct PlannedProbe {
  const Probe* probe = nullptr;
  ProbeContext context;
  ProbeNeeds needs = {};
};

// Judges what a journal holds, and adds to the evidence what comes of it: findings, criteria and
// what was left out. Keeps with the journal which strings known by their HMAC the model wrote.
// Needs no model.
void judge_into(Evidence& evidence, const std::vector<PlannedProbe>& probes,
                const Journal& journal);

}  // namespace souvenir::cli
