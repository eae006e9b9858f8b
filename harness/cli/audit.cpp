// souvenir audit: measure, judge, report. Running it again resumes.

#include <iostream>
#include <memory>

#include "harness/cli/audit_evidence.h"
#include "harness/cli/audit_measure.h"
#include "harness/cli/audit_plan_text.h"
#include "harness/cli/audit_publish.h"
#include "harness/cli/audit_session.h"
#include "harness/cli/audit_shard.h"
#include "harness/cli/clock.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/gate_options.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/verb.h"
#include "harness/error.h"

namespace souvenir::cli {

namespace {

int interrupted_exit() {
  std::cerr << "souvenir: stopped; what was answered is kept. The same command goes on\n";
  return interrupted();
}

int run_audit(AuditOptions options) {
  const std::string started = utc_now();
  if (options.subjects.empty() && options.canaries.empty()) {
    throw Error(ErrorKind::usage, "audit: expected --subjects or --canaries, found neither");
  }
  const auto policy = read_policy(options.policy);
  if (!options.plan_only) options.shard = decide_shard(options.shard_word, options.out);
  AuditSession session = open_audit(options);
  plan_questions(session, options);
  if (options.plan_only) {
    print_plan(session);
    return kExitComplete;
  }
  if (options.shard) begin_shard(session);
  if (!measure(session, options)) {
    return interrupted_exit();
  }
  if (options.shard) {
    finish_shard(session, *options.shard, started);
    return kExitComplete;
  }
  Evidence evidence = assemble_evidence(
      session, {{"started", started}, {"finished", utc_now()}, {"host_cpu", host_cpu()}});
  const int code = apply_gate(evidence, policy);
  publish_audit(*session.journal, session.out, evidence, options.language);
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
      "a policy, as the gate does.\n"
      "A shard writes OUT/shards/i-of-N and no evidence; the policy is judged by `souvenir "
      "merge`.\n"
      "It is found in SLURM_ARRAY_TASK_ID (with _MIN, _COUNT), SLURM_PROCID and SLURM_NTASKS,\n"
      "OMPI_COMM_WORLD_RANK and _SIZE, PMI_RANK and PMI_SIZE, RANK and WORLD_SIZE, or\n"
      "JOB_COMPLETION_INDEX and JOB_COMPLETIONS (which the manifest must set). One process of one\n"
      "is an ordinary run.");
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
  verb->add_option("--shard", options->shard_word,
                   "i/N: answer only share i of N, from 0, for `souvenir merge`; none: an ordinary "
                   "run; else by the launcher: Slurm, mpirun, torchrun, a Kubernetes Indexed Job");
  verb->add_option("--queries-max", options->queries_max,
                   "leave a string once greedy decoding has missed it and no query in so many is "
                   "likely to give it; probes that need whole strings are not run")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000'000}));
  verb->add_option("--seed", options->seed, "instead of the suite's");
  verb->add_option("--bos", options->bos, "auto, always or never: instead of the suite's")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  verb->add_option("--id-key-file", options->id_key_file,
                   "key (32 bytes or more) for digests of subjects, so that two folders agree");
  verb->add_option("--language", options->language, "en or fr: what report.html shows first")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
  verb->callback([options, &action] { action = [options] { return run_audit(*options); }; });
}

}  // namespace souvenir::cli
