// souvenir validate: are these inputs right, before anything long is begun?

#include <iostream>
#include <memory>

#include "harness/cli/exit_code.h"
#include "harness/cli/gate_options.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/context.h"
#include "harness/error.h"
#include "harness/subjects.h"
#include "harness/suite.h"
#include "probes/registry.h"

namespace souvenir::cli {

namespace {

struct ValidateArguments {
  std::string suite;
  std::string policy;
  std::string context;
  std::vector<std::string> subjects;
};

std::string check_suite(const std::string& name) {
  const Suite suite = load_suite(name);
  for (const auto& [probe, parameters] : suite.probes.items()) {
    find_probe(probe).resolve(parameters, "suite " + suite.name);
  }
  return "suite " + suite.name + ": valid, sha256 " + suite.sha256;
}

std::string check_subjects(const std::string& path) {
  std::int64_t rows = 0;
  std::int64_t controls = 0;
  std::int64_t positive = 0;
  read_subjects(
      path,
      [&](const Subject& subject) {
        ++rows;
        controls += subject.member == Member::no ? 1 : 0;
        positive += subject.positive_control ? 1 : 0;
      },
      [](std::string_view) {});
  return "subjects " + path + ": valid, " + std::to_string(rows) + " rows, of them " +
         std::to_string(controls) + " negative and " + std::to_string(positive) +
         " positive controls";
}

int run_validate(const ValidateArguments& options) {
  if (options.suite.empty() && options.policy.empty() && options.context.empty() &&
      options.subjects.empty()) {
    throw Error(ErrorKind::usage, "validate: give --suite, --policy, --context or --subjects");
  }
  RowWriter out("-");
  if (!options.suite.empty()) {
    out.line(check_suite(options.suite));
  }
  for (const std::string& path : options.subjects) {
    out.line(check_subjects(path));
  }
  if (const auto policy = read_policy(options.policy)) {
    out.line("policy " + options.policy + ": valid, " + std::to_string(policy->limits.size()) +
             " limits");
    for (const Remark& remark : validate_policy(*policy)) {
      out.line("  " + remark.text);
    }
  }
  if (!options.context.empty()) {
    out.line("context " + options.context + ": valid, sha256 " +
             load_context(options.context).sha256);
  }
  out.finish();
  return kExitComplete;
}

}  // namespace

void add_validate(CLI::App& program, Action& action) {
  auto options = std::make_shared<ValidateArguments>();
  CLI::App* verb = program.add_subcommand(
      "validate", "Check a suite, subjects, a policy or a context before anything long is begun");
  verb->add_option("--suite", options->suite, "quick, release, full, or a file");
  verb->add_option("--policy", options->policy, "limits and waivers");
  verb->add_option("--context", options->context, "what the controller declares");
  verb->add_option("--subjects", options->subjects, "JSON Lines; repeatable")
      ->allow_extra_args(false);
  verb->callback([options, &action] { action = [options] { return run_validate(*options); }; });
}

}  // namespace souvenir::cli
