// What an audit asks the models, pass by pass.

#include "harness/cli/audit_measure.h"

#include "harness/audit_plan.h"
#include "harness/cli/audit_evidence.h"
#include "harness/cli/audit_shard.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/model_options.h"
#include "harness/cli/progress.h"
#include "harness/runner.h"

namespace souvenir::cli {

namespace {

// Asks, with a bar on the terminal; false if a signal stopped it.
template <typename Ask>
bool with_progress(const AuditOptions& options, const std::string& what, const Ask& ask) {
  Progress progress(parse_progress(options.model.progress), what, "tokens");
  return ask([&](const RunProgress& state) {
    progress.update(state.batches_done, state.batches, state.tokens_done);
    return interrupted() == 0;
  });
}

bool ask(AuditSession& session, const LanguageModel& model, Pass pass, const Doubt& doubt,
         const AuditOptions& options) {
  const std::string what = pass == Pass::first     ? "scoring"
                           : pass == Pass::confirm ? "confirming"
                                                   : "reference model";
  ScoreOptions score = pass == Pass::reference ? ScoreOptions() : session.questions.needs.score;
  if (pass != Pass::first) score.early_stop.reset();
  return with_progress(options, what, [&](const auto& go_on) {
    return run_pass(*session.journal, model, pass, score, doubt, go_on);
  });
}

// Scores again in float32 what a 16-bit pass left in doubt, and what was drawn.
bool confirm(AuditSession& session, const AuditOptions& options) {
  if (session.model_info.compute_dtype == "float32") {
    return true;
  }
  if (!session.journal->pass_planned(Pass::confirm)) {
    session.journal->plan_pass(Pass::confirm, options.model.token_budget);
  }
  if (session.journal->open_batches(Pass::confirm).empty()) {
    return true;
  }
  session.model.reset();  // two copies of the weights need not fit
  LoadOptions exact = options.model.load;
  exact.dtype = "float32";
  const auto model = load_model(options.model.model, exact);
  return ask(session, *model, Pass::confirm, {session.suite.near_tie_delta}, options);
}

bool ask_reference(AuditSession& session, const AuditOptions& options) {
  if (!session.reference) {
    return true;
  }
  if (!session.journal->pass_planned(Pass::reference)) {
    session.journal->plan_pass(Pass::reference, options.model.token_budget);
  }
  if (session.journal->open_batches(Pass::reference).empty()) {
    return true;
  }
  session.model.reset();
  const auto model = load_model(options.reference, reference_load(options));
  return ask(session, *model, Pass::reference, {}, options);
}

bool rank_canaries(AuditSession& session, const AuditOptions& options) {
  if (!session.questions.needs.candidates || session.questions.canaries.empty()) {
    return true;
  }
  std::vector<Sensitive> planted;
  for (const Subject& canary : session.questions.canaries) planted.push_back(canary.secret);
  const CandidateRun run{session.questions.spaces, planted,
                         *session.tokenizer,       session.bos,
                         session.suite.seed,       options.model.token_budget};
  return with_progress(options, "ranking canaries", [&](const auto& go_on) {
    return run_candidates(*session.journal, *session.model, run, go_on);
  });
}

bool write_on(AuditSession& session, const AuditOptions& options) {
  if (session.questions.needs.prompts.empty() || prompts_stay_open(session)) {
    return true;
  }
  return with_progress(options, "writing after prompts", [&](const auto& go_on) {
    return run_prompts(*session.journal, *session.model, *session.tokenizer,
                       session.questions.needs.prompts, go_on);
  });
}

}  // namespace

void plan_questions(AuditSession& session, const AuditOptions& options) {
  if (!session.journal->planned()) {
    plan_audit(*session.journal, session.questions, *session.tokenizer, session.bos, session.suite,
               options.model.token_budget);
  }
  if (options.shard) take_share_of(session, *options.shard, options.model.token_budget);
}

bool measure(AuditSession& session, const AuditOptions& options) {
  const bool exact = session.model_info.compute_dtype == "float32";
  const Doubt doubt{first_pass_delta(session),
                    exact ? std::vector<double>() : session.questions.needs.log_thresholds,
                    session.suite.screen_margin};
  return ask(session, *session.model, Pass::first, doubt, options) &&
         rank_canaries(session, options) && write_on(session, options) &&
         confirm(session, options) && ask_reference(session, options);
}

}  // namespace souvenir::cli
