#include "harness/cli/audit_evidence.h"

#include "harness/cli/version.h"
#include "harness/digest.h"
#include "harness/evidence/criteria.h"

namespace souvenir::cli {

namespace {

AuditedModel audited_model(const AuditSession& session) {
  const ModelInfo& info = session.model_info;
  return {.architecture = info.architecture,
          .parameters = info.parameters,
          .stored_dtype = info.stored_dtype,
          .compute_dtype = info.compute_dtype,
          .device = info.device,
          .threads = info.threads,
          .files = session.files,
          .sha256 = digest_of_files(session.files)};
}

AuditedTokenizer audited_tokenizer(const AuditSession& session) {
  const TokenizerInfo& info = session.tokenizer->info();
  return {.kind = info.kind,
          .vocabulary = info.vocabulary,
          .bos = session.bos.words,
          .prepended_ids = session.bos.ids,
          .unicode_version = info.unicode_version};
}

std::vector<LeftOut> left_out(const Journal& journal) {
  std::vector<LeftOut> rows = journal.left_out();
  const JournalTotals totals = journal.totals();
  if (totals.duplicates > 0) {
    rows.push_back({"duplicate", totals.duplicates});
  }
  return rows;
}

std::vector<NotRun> not_run() {
  return {{"membership inference", {"not_in_this_version", "no probe of this version does it", {}}},
          {"canary exposure", {"not_in_this_version", "no probe of this version does it", {}}},
          {"near-verbatim reproduction",
           {"not_in_this_version", "no probe of this version does it", {}}},
          {"the system with its filters",
           {"model_only", "the model alone was asked, not a deployed system", {}}}};
}

}  // namespace

Evidence assemble_evidence(const AuditSession& session, nlohmann::json run) {
  Evidence evidence;
  evidence.tool = {{"name", "souvenir"},
                   {"version", version()},
                   {"libtorch", libtorch_version()},
                   {"compiler", compiler_version()}};
  evidence.run = std::move(run);
  evidence.model = audited_model(session);
  evidence.tokenizer = audited_tokenizer(session);
  evidence.suite_name = session.suite.name;
  evidence.suite_sha256 = session.suite.sha256;
  evidence.seed = session.suite.seed;
  evidence.threat_model = session.suite.threat_model;
  evidence.near_tie_delta = session.suite.near_tie_delta;
  evidence.parameters = session.suite.resolved;
  evidence.inputs = session.inputs;
  for (const PlannedProbe& planned : session.probes) {
    const auto strings = session.journal->strings();
    for (Finding& finding : planned.probe->judge(planned.context, *strings)) {
      evidence.findings.push_back(std::move(finding));
    }
  }
  evidence.criteria = criteria_outcomes(evidence.findings);
  evidence.criteria_version = criteria_catalogue().version;
  evidence.not_run = not_run();
  const JournalTotals totals = session.journal->totals();
  evidence.requests = totals.requests;
  evidence.scored_tokens = totals.scored_tokens;
  evidence.left_out = left_out(*session.journal);
  return evidence;
}

}  // namespace souvenir::cli
