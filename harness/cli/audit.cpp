// souvenir audit: measure, judge, report. Running it again resumes.

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>

#include "harness/audit_plan.h"
#include "harness/cli/audit_evidence.h"
#include "harness/cli/audit_plan_text.h"
#include "harness/cli/audit_publish.h"
#include "harness/cli/audit_session.h"
#include "harness/cli/clock.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/gate_options.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/progress.h"
#include "harness/cli/verb.h"
#include "harness/error.h"
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

bool ask(AuditSession& session, const LanguageModel& model, Pass pass, double near_tie_delta,
         const AuditOptions& options) {
  const std::string what = pass == Pass::first     ? "scoring"
                           : pass == Pass::confirm ? "confirming"
                                                   : "reference model";
  const ScoreOptions score =
      pass == Pass::reference ? ScoreOptions() : session.questions.needs.score;
  return with_progress(options, what, [&](const auto& go_on) {
    return run_pass(*session.journal, model, pass, score, near_tie_delta, go_on);
  });
}

// Scores near-ties of a 16-bit pass again in float32.
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
  const auto model = load_language_model(options.model.model, exact);
  return ask(session, *model, Pass::confirm, session.suite.near_tie_delta, options);
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
  const auto model = load_language_model(options.reference, options.model.load);
  return ask(session, *model, Pass::reference, 0.0, options);
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
  if (session.questions.needs.prompts.empty()) {
    return true;
  }
  return with_progress(options, "writing after prompts", [&](const auto& go_on) {
    return run_prompts(*session.journal, *session.model, *session.tokenizer,
                       session.questions.needs.prompts, go_on);
  });
}

void plan(AuditSession& session, const AuditOptions& options) {
  if (session.journal->planned()) {
    return;
  }
  plan_audit(*session.journal, session.questions, *session.tokenizer, session.bos, session.suite,
             options.model.token_budget);
}

bool measure(AuditSession& session, const AuditOptions& options) {
  const bool exact = session.model_info.compute_dtype == "float32";
  const double delta = exact ? session.suite.near_tie_delta : session.suite.screen_delta;
  return ask(session, *session.model, Pass::first, delta, options) &&
         rank_canaries(session, options) && write_on(session, options) &&
         confirm(session, options) && ask_reference(session, options);
}

int interrupted_exit() {
  std::cerr << "souvenir: stopped; what was answered is kept. The same command goes on\n";
  return interrupted();
}

int run(const AuditOptions& options) {
  const std::string started = utc_now();
  if (options.subjects.empty() && options.canaries.empty()) {
    throw Error(ErrorKind::usage, "audit: expected --subjects or --canaries, found neither");
  }
  const auto policy = read_policy(options.policy);
  AuditSession session = open_audit(options);
  plan(session, options);
  if (options.plan_only) {
    print_plan(session);
    return kExitComplete;
  }
  if (!measure(session, options)) {
    return interrupted_exit();
  }
  Evidence evidence = assemble_evidence(
      session, {{"started", started}, {"finished", utc_now()}, {"host_cpu", host_cpu()}});
  const int code = apply_gate(evidence, policy);
  publish_audit(session, evidence, options.language);
  print_summary(evidence, session.out);
  return code;
}

}  // namespace

void add_audit(CLI::App& program, Action& action) {
  auto options = std::make_shared<AuditOptions>();
  CLI::App* verb = program.add_subcommand("audit", "Measure, judge and report; resumes by itself");
  verb->footer(
      "Leaves evidence.json, report.html and, with a policy, junit.xml in the folder, and what a\n"
      "person must not see in private/ (mode 0700). Ends 0 when complete, whatever it found; with\n"
      "a policy, as the gate does.");
  add_model_options(*verb, options->model);
  verb->add_option("--suite", options->suite, "quick, release, full, or a file")
      ->capture_default_str();
  verb->add_option("--subjects", options->subjects, "JSON Lines of known strings; repeatable")
      ->allow_extra_args(false);
  verb->add_option("--canaries", options->canaries,
                   "manifest of `souvenir canaries`, or its folder: what was planted");
  verb->add_option("--context", options->context,
                   "what the controller declares of the system: shown, not judged");
  verb->add_option("--reference", options->reference,
                   "a model with the same tokens that never saw the strings: membership scores");
  verb->add_option("--hmac-key", options->hmac_key_file,
                   "key that `secret_hmac` of detect-only subjects was made with");
  verb->add_flag("--plan-only", options->plan_only,
                 "say what would be asked, how long it would take here and what could be detected; "
                 "score nothing");
  verb->add_option("--out", options->out, "folder for the evidence; the same one resumes")
      ->required();
  verb->add_option("--policy", options->policy, "limits to be judged against");
  verb->add_option("--seed", options->seed, "instead of the suite's");
  verb->add_option("--bos", options->bos, "auto, always or never: instead of the suite's")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  verb->add_option("--id-key-file", options->id_key_file,
                   "key (32 bytes or more) for digests of subjects, so that two folders agree");
  verb->add_option("--language", options->language, "en or fr: what report.html shows first")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
  verb->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace souvenir::cli
