// souvenir audit: measure, judge, report. Running it again resumes.

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>

#include "harness/audit_plan.h"
#include "harness/cli/audit_evidence.h"
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

// Asks the model one pass; false if a signal stopped it.
bool ask(AuditSession& session, const LanguageModel& model, Pass pass, double near_tie_delta,
         const AuditOptions& options) {
  Progress progress(parse_progress(options.model.progress),
                    pass == Pass::first ? "scoring" : "confirming", "tokens");
  return run_pass(*session.journal, model, pass, session.score_options, near_tie_delta,
                  [&](const RunProgress& state) {
                    progress.update(state.batches_done, state.batches, state.tokens_done);
                    return interrupted() == 0;
                  });
}

// Scores near-ties of a 16-bit pass again in float32; false if a signal stopped it.
bool confirm(AuditSession& session, const AuditOptions& options) {
  if (session.model_info.compute_dtype == "float32") {
    return true;
  }
  if (!session.journal->confirm_planned()) {
    session.journal->plan_confirm(options.model.token_budget);
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

bool measure(AuditSession& session, const AuditOptions& options) {
  if (!session.journal->planned()) {
    plan_subjects(*session.journal, options.subjects, *session.tokenizer, session.bos,
                  session.suite, session.score_options, options.model.token_budget);
  }
  const bool exact = session.model_info.compute_dtype == "float32";
  const double delta = exact ? session.suite.near_tie_delta : session.suite.screen_delta;
  return ask(session, *session.model, Pass::first, delta, options) && confirm(session, options);
}

int interrupted_exit() {
  std::cerr << "souvenir: stopped; what was answered is kept. The same command goes on\n";
  return interrupted();
}

int run(const AuditOptions& options) {
  const std::string started = utc_now();
  const auto policy = read_policy(options.policy);
  AuditSession session = open_audit(options);
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
      ->required()
      ->allow_extra_args(false);
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
