#include "harness/cli/audit_plan_text.h"

#include <cmath>
#include <cstdio>

#include "harness/backend/machine.h"
#include "harness/cli/output.h"
#include "harness/journal_candidates.h"
#include "harness/journal_prompts.h"
#include "metrics/power.h"

namespace souvenir::cli {

namespace {

// What is left of the matrix products' rate in a whole pass: a little less than measured (see
// tests/benchmark/README.md), so that the time errs high.
constexpr double kShare = 0.6;

struct Work {
  std::int64_t tokens = 0;
  std::int64_t candidates = 0;
  std::int64_t prompts = 0;
  std::int64_t written = 0;
};

Work count_work(const AuditSession& session, const PlanCounts& counts) {
  Work work;
  const CandidateJournal candidates(session.journal->database());
  work.candidates = candidates.candidates();
  work.prompts = PromptJournal(session.journal->database()).prompts();
  const JournalTotals totals = session.journal->totals();
  const double mean = totals.requests > 0 ? static_cast<double>(counts.tokens) /
                                                static_cast<double>(totals.requests)
                                          : 0.0;
  for (const PromptNeeds& need : session.questions.needs.prompts) {
    work.written = std::max(work.written, need.generate.max_new_tokens * need.generate.samples);
  }
  work.written *= work.prompts;
  const auto asked = static_cast<std::int64_t>(candidates.forwards(mean));
  work.tokens = counts.tokens * (session.reference ? 2 : 1) + asked;
  return work;
}

double seconds(const AuditSession& session, const Work& work) {
  double rate = 0.0;
  for (const GemmRate& row : inspect_machine(session.model_info.threads).gemm_rates) {
    if (row.dtype == session.model_info.compute_dtype) rate = row.gflops * 1e9;
  }
  if (rate <= 0.0) return 0.0;
  const double products = 2.0 * static_cast<double>(session.model_info.parameters);
  // A written token reads every weight for few rows: taken as eight scored ones.
  return products * (static_cast<double>(work.tokens) + 8.0 * static_cast<double>(work.written)) /
         (kShare * rate);
}

std::string duration(double value) {
  char text[48];
  if (value < 120.0) {
    std::snprintf(text, sizeof text, "%.0f seconds", std::max(1.0, value));
  } else if (value < 7200.0) {
    std::snprintf(text, sizeof text, "%.0f minutes", value / 60.0);
  } else {
    std::snprintf(text, sizeof text, "%.1f hours", value / 3600.0);
  }
  return text;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

// The smallest true values that would show with 95 % confidence (rates) or with 80 % power at a
// one-sided 5 % (areas under the curve).
void print_detectable(RowWriter& out, const PlanCounts& counts) {
  const std::int64_t units = counts.persons > 0 ? counts.persons : counts.measured;
  if (units > 0) {
    out.line("could see:  a rate of " + number(detectable_rate(static_cast<double>(units))) +
             " or more, by at least one hit in " + std::to_string(units) +
             (counts.persons > 0 ? " persons" : " strings"));
  }
  if (counts.members > 0 && counts.controls > 0) {
    const auto least = detectable_auc(counts.members, counts.controls);
    out.line(least ? "            a membership AUC of " + number(*least) + " or more, with " +
                         std::to_string(counts.members) + " members and " +
                         std::to_string(counts.controls) + " controls"
                   : "            no membership AUC: too few members or controls");
  }
  if (counts.planted > 0) {
    out.line("            a mean exposure of " + number(detectable_mean_exposure(counts.planted)) +
             " bits or more over " + std::to_string(counts.planted) + " planted canaries");
  }
}

}  // namespace

void print_plan(const AuditSession& session) {
  const PlanCounts counts = session.journal->plan_counts();
  const JournalTotals totals = session.journal->totals();
  const Work work = count_work(session, counts);
  RowWriter out("-");
  out.line("model:      " + session.model_info.architecture + ", " +
           std::to_string(session.model_info.parameters) + " parameters, " +
           session.model_info.compute_dtype + " on " + session.model_info.device);
  out.line("strings:    " + std::to_string(counts.measured) + " measured, " +
           std::to_string(counts.controls) + " controls; " + std::to_string(totals.persons) +
           " persons");
  if (!session.questions.canaries.empty()) {
    out.line("canaries:   " + std::to_string(counts.planted) + " planted, " +
             std::to_string(counts.held_out) + " held out");
  }
  out.line("requests:   " + std::to_string(totals.requests) + " to score, " +
           std::to_string(work.candidates) + " candidates to rank, " +
           std::to_string(work.prompts) + " prompts to write after");
  out.line("tokens:     " + std::to_string(work.tokens) + " scored, at most " +
           std::to_string(work.written) + " written");
  out.line("time here:  about " + duration(seconds(session, work)) +
           " (an estimate from this machine's matrix products)");
  for (const LeftOut& row : session.journal->left_out()) {
    out.line("left out:   " + std::to_string(row.count) + " " + row.reason);
  }
  print_detectable(out, counts);
  out.line("nothing was scored and nothing was written");
  out.finish();
}

}  // namespace souvenir::cli
