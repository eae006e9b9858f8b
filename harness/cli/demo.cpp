// souvenir demo: train a model whose training data is known, audit it, and say whether the audit
// found what is true.

#include <sys/stat.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/canary_plan.h"
#include "harness/cli/audit_evidence.h"
#include "harness/cli/audit_measure.h"
#include "harness/cli/audit_publish.h"
#include "harness/cli/clock.h"
#include "harness/cli/demo_train.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/cli/version.h"
#include "harness/config.h"
#include "harness/demo/truth.h"
#include "harness/error.h"

namespace souvenir::embedded {
extern const std::string_view demo_json;
}

namespace souvenir::cli {

namespace {

namespace fs = std::filesystem;

std::string lines(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

// What decides what is trained: the folder of another demonstration is left alone.
std::string identity(const DemoOptions& options) {
  const nlohmann::ordered_json made_with = {{"tool", version()},
                                            {"seed", options.corpus.seed},
                                            {"documents", options.corpus.documents},
                                            {"persons", options.corpus.persons},
                                            {"canaries", options.corpus.canaries},
                                            {"vocabulary", options.sizes.vocabulary},
                                            {"hidden", options.sizes.hidden},
                                            {"layers", options.sizes.layers},
                                            {"epochs", options.plan.epochs},
                                            {"max_steps", options.plan.max_steps},
                                            {"rate", options.plan.rate}};
  return made_with.dump(2) + "\n";
}

void take_folder(const DemoOptions& options) {
  const fs::path out = options.out, mark = out / "demo.json";
  if (fs::exists(mark)) {
    if (read_file(mark.string(), 1U << 16U) == identity(options)) return;
    throw Error(ErrorKind::usage, options.out + ": holds a demonstration with other options");
  }
  if (fs::exists(out) && !fs::is_empty(out)) {
    throw Error(ErrorKind::usage, options.out + ": expected a new or an empty folder");
  }
  make_private_folder(out);
  publish({{mark, identity(options)}});
}

// Writes down what is known, as the files that an audit reads.
void write_inputs(const fs::path& out, const DemoCorpus& corpus) {
  make_private_folder(out / "canaries");
  make_private_folder(out / "corpus");
  const std::string manifest = write_canaries(corpus.canaries);
  publish({{out / "canaries" / "manifest.json", manifest},
           {out / "canaries" / "commitment.json", write_commitment(corpus.canaries, manifest)},
           {out / "corpus" / "documents.txt", lines(corpus.documents)},
           {out / "corpus" / "planted.txt", lines(corpus.planted)},
           {out / "subjects.jsonl", write_demo_subjects(corpus.strings)},
           {out / "suite.json", std::string(embedded::demo_json)}});
  ::chmod((out / "canaries" / "manifest.json").c_str(), 0600);
}

bool train(const DemoOptions& options, const DemoCorpus& corpus) {
  const fs::path model = fs::path(options.out) / "model",
                 control = fs::path(options.out) / "control";
  if (!fs::exists(control / "tokenizer_config.json"))
    write_vocabulary(options, corpus, {model, control});
  return train_models(options, corpus, model, control);
}

// One audit, measured and judged, and what it needs to be published.
struct DemoAudit {
  AuditSession session;
  Evidence evidence;
};

AuditOptions audit_options(const DemoOptions& options, const std::string& model,
                           const std::string& reference) {
  const fs::path out = options.out;
  AuditOptions audit;
  audit.model.model = (out / model).string();
  audit.model.load.device = "cpu";
  audit.model.load.threads = options.plan.threads;
  audit.model.progress = options.progress;
  audit.suite = (out / "suite.json").string();
  audit.subjects = {(out / "subjects.jsonl").string()};
  audit.canaries = (out / "canaries").string();
  if (!reference.empty()) audit.reference = (out / reference).string();
  audit.out = (out / ("audit-" + model)).string();
  audit.seed = options.corpus.seed;
  return audit;
}

// Returns nothing if a signal stopped it.
std::optional<DemoAudit> audit(const DemoOptions& options, const std::string& model,
                               const std::string& reference) {
  const std::string started = utc_now();
  const AuditOptions how = audit_options(options, model, reference);
  DemoAudit audit{open_audit(how), {}};
  plan_questions(audit.session, how);
  if (!measure(audit.session, how)) return std::nullopt;
  audit.evidence = assemble_evidence(
      audit.session, {{"started", started}, {"finished", utc_now()}, {"host_cpu", host_cpu()}});
  return audit;
}

int say(const DemoOptions& options, const std::vector<DemoRow>& rows) {
  const fs::path out = options.out;
  RowWriter writer("-");
  writer.line(truth_table(rows));
  writer.line("models:   " + (out / "model").string() + ", " + (out / "control").string());
  writer.line("report:   " + (out / "audit-model" / "report.html").string());
  writer.line("control:  " + (out / "audit-control" / "report.html").string());
  writer.finish();
  return all_hold(rows) == std::optional<bool>(true) ? kExitComplete : kExitInconclusive;
}

int run_demo(DemoOptions options) {
  options.plan.seed = options.corpus.seed;
  take_folder(options);
  const DemoCorpus corpus = invent_demo_corpus(options.corpus);
  write_inputs(options.out, corpus);
  std::optional<DemoAudit> control, model;
  if (train(options, corpus)) control = audit(options, "control", "");
  if (control) model = audit(options, "model", "control");
  if (!model) {
    std::cerr << "souvenir: stopped; the same command goes on\n";
    return interrupted();
  }
  const std::vector<DemoRow> rows =
      demo_truth(model->evidence, control->evidence, options.corpus.tiers);
  model->evidence.demo = Demo{rows};
  publish_audit(*control->session.journal, control->session.out, control->evidence,
                options.language);
  publish_audit(*model->session.journal, model->session.out, model->evidence, options.language);
  publish({{fs::path(options.out) / "truth.json", truth_json(rows).dump(2) + "\n"}});
  return say(options, rows);
}

// For tests and for trying out; what they default to is the demonstration.
void add_sizes(CLI::App& verb, DemoOptions& options) {
  const auto add = [&](const char* name, std::int64_t& value) {
    verb.add_option(name, value)->check(CLI::Range(1, 1 << 24))->group("");
  };
  add("--documents", options.corpus.documents);
  add("--persons", options.corpus.persons);
  add("--canaries", options.corpus.canaries);
  add("--canary-controls", options.corpus.canary_controls);
  add("--steps", options.plan.max_steps);
  add("--epochs", options.plan.epochs);
  add("--batch", options.plan.batch);
  add("--vocabulary", options.sizes.vocabulary);
  add("--hidden", options.sizes.hidden);
  add("--intermediate", options.sizes.intermediate);
  add("--layers", options.sizes.layers);
  verb.add_option("--rate", options.plan.rate)->group("");
}

}  // namespace

void add_demo(CLI::App& program, Action& action) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* verb = program.add_subcommand(
      "demo", "Train a small model with planted strings here and now, and audit it");
  verb->footer(
      "Invents a corpus, trains one model with strings planted at known repetitions and one\n"
      "without, audits both and compares what was found with what is true. Minutes on two cores.\n"
      "Ends 0 if everything known came out, else 4. The models are ordinary Hugging Face\n"
      "directories; everyone in them is invented. Running it again goes on where it stopped.");
  verb->add_option("--out", options->out, "a new folder; the same one goes on")->required();
  verb->add_option("--seed", options->corpus.seed, "another corpus and other models")
      ->capture_default_str();
  verb->add_option("--threads", options->plan.threads,
                   "0: as many as the CPUs this process may use; the models do not depend on it")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  verb->add_option("--progress", options->progress, "auto, plain, json or none")
      ->check(CLI::IsMember({"auto", "plain", "json", "none"}))
      ->capture_default_str();
  verb->add_option("--language", options->language, "en or fr: what report.html shows first")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
  add_sizes(*verb, *options);
  verb->callback([options, &action] { action = [options] { return run_demo(*options); }; });
}

}  // namespace souvenir::cli
