#include "harness/cli/audit_judge.h"

#include "harness/evidence/criteria.h"
#include "harness/journal_detections.h"
#include "probes/subject_scores.h"

namespace souvenir::cli {

namespace {

std::vector<LeftOut> left_out(const Journal& journal) {
  std::vector<LeftOut> rows = journal.left_out();
  const JournalTotals totals = journal.totals();
  if (totals.duplicates > 0) {
    rows.push_back({"duplicate", totals.duplicates});
  }
  return rows;
}

}  // namespace

void judge_into(Evidence& evidence, const std::vector<PlannedProbe>& probes,
                const Journal& journal) {
  for (const PlannedProbe& planned : probes) {
    const auto strings = journal.strings(!planned.needs.prompts.empty());
    for (Finding& finding : planned.probe->judge(planned.context, *strings)) {
      evidence.findings.push_back(std::move(finding));
    }
    if (!planned.needs.prompts.empty() && !planned.context.hmac_key.empty()) {
      const auto written = journal.strings(true);
      keep_detections(journal.database(), detections(*written, planned.context.hmac_key));
    }
  }
  evidence.criteria = criteria_outcomes(evidence.findings);
  evidence.criteria_version = criteria_catalogue().version;
  const JournalTotals totals = journal.totals();
  evidence.requests = totals.requests;
  evidence.scored_tokens = totals.scored_tokens;
  evidence.left_out = left_out(journal);
}

}  // namespace souvenir::cli
