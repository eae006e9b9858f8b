#include "harness/cli/audit_evidence.h"

#include <algorithm>

#include "harness/cli/audit_judge.h"
#include "harness/cli/version.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/journal_prompts.h"
#include "probes/registry.h"

namespace souvenir::cli {

namespace {

AuditedTokenizer audited_tokenizer(const AuditSession& session) {
  const TokenizerInfo& info = session.tokenizer->info();
  return {.kind = info.kind,
          .vocabulary = info.vocabulary,
          .bos = session.bos.words,
          .prepended_ids = session.bos.ids,
          .unicode_version = info.unicode_version};
}

std::vector<NotRun> not_run(const AuditSession& session) {
  std::vector<NotRun> rows;
  for (const auto& probe : probes()) {
    const bool planned =
        std::any_of(session.probes.begin(), session.probes.end(),
                    [&](const PlannedProbe& row) { return row.probe == probe.get(); });
    const auto& whole = session.need_whole;
    if (std::find(whole.begin(), whole.end(), probe->info().name) != whole.end()) {
      rows.push_back({probe->info().name,
                      {"needs_whole_strings",
                       "it needs every token of a string, and --queries-max leaves strings early",
                       {}}});
    } else if (!planned) {
      rows.push_back({probe->info().name, {"not_in_suite", "the suite does not ask for it", {}}});
    }
  }
  if (!session.reference) {
    rows.push_back({"comparison with a reference model",
                    {"no_reference", "no reference model was given", {}}});
  }
  if (session.suite.queries_max) {
    rows.push_back({"extraction by more queries",
                    {"queries_max", "strings were read only as far as --queries-max needs", {}}});
  }
  if (session.questions.canaries.empty()) {
    rows.push_back({"planted canaries", {"no_canaries", "no canaries were given", {}}});
  }
  if (prompts_stay_open(session)) {
    rows.push_back(
        {"text written after prompts",
         {"layer_by_layer",
          "the model is larger than the memory it was given and was read layer by layer: "
          "it was scored, and wrote nothing",
          {}}});
  }
  rows.push_back({"near-verbatim reproduction",
                  {"not_in_this_version", "no probe of this version does it", {}}});
  rows.push_back({"the system with its filters",
                  {"model_only", "the model alone was asked, not a deployed system", {}}});
  return rows;
}

// How the model was held: it changes no number, so it stands in the part that may differ.
void add_layer_reading(nlohmann::json& run, const LayerReading& reading) {
  const bool anew = reading.pass_tokens > 0;
  run["weights"] = anew ? "read layer by layer" : "in memory";
  if (anew) {
    run["memory_bytes"] = reading.memory_bytes;
    run["pass_tokens"] = reading.pass_tokens;
  }
}

}  // namespace

bool prompts_stay_open(const AuditSession& session) {
  if (session.questions.needs.prompts.empty() || session.model_info.layers_read.pass_tokens == 0) {
    return false;
  }
  const PromptJournal prompts(session.journal->database());
  const auto open = static_cast<std::int64_t>(prompts.open_batches().size());
  if (open == prompts.batches()) return true;  // also a shard without any
  if (open == 0) return false;
  throw Error(ErrorKind::usage,
              "the model wrote after some of the prompts while it was held in memory, and is now "
              "read layer by layer, where it writes nothing; expected as much --memory as before");
}

Evidence evidence_frame(const AuditSession& session) {
  Evidence evidence;
  evidence.tool = {{"name", "souvenir"},
                   {"version", version()},
                   {"libtorch", libtorch_version()},
                   {"compiler", compiler_version()}};
  evidence.model = describe(session.model_info, session.files);
  evidence.reference = session.reference;
  evidence.adapter = session.model_info.adapter;
  evidence.context = session.declared;
  evidence.tokenizer = audited_tokenizer(session);
  evidence.suite_name = session.suite.name;
  evidence.suite_sha256 = session.suite.sha256;
  evidence.seed = session.suite.seed;
  evidence.threat_model = session.suite.threat_model;
  evidence.near_tie_delta = session.suite.near_tie_delta;
  evidence.parameters = session.suite.resolved;
  evidence.inputs = session.inputs;
  if (session.declared) {
    evidence.inputs.push_back({"context", session.declared->sha256, "", 1, {}});
  }
  evidence.not_run = not_run(session);
  return evidence;
}

Evidence assemble_evidence(const AuditSession& session, nlohmann::json run) {
  Evidence evidence = evidence_frame(session);
  evidence.run = std::move(run);
  add_layer_reading(evidence.run, session.model_info.layers_read);
  judge_into(evidence, session.probes, *session.journal);
  return evidence;
}

}  // namespace souvenir::cli
