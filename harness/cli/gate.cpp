// souvenir gate: evidence against a policy, for a CI job. Needs no model.

#include "reports/gate.h"

#include <iostream>
#include <memory>

#include "harness/cli/clock.h"
#include "harness/cli/evidence_file.h"
#include "harness/cli/gate_options.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "reports/gate_text.h"
#include "reports/junit.h"

namespace souvenir::cli {

namespace {

struct GateArguments {
  std::string evidence;
  std::string policy;
  std::string baseline;
  std::string junit;
  bool explain = false;
  bool report_only = false;
};

int run_gate(const GateArguments& options) {
  const Policy policy = *read_policy(options.policy);
  const EvidenceFile file = read_evidence(options.evidence);
  std::optional<EvidenceFile> baseline;
  if (!options.baseline.empty()) {
    baseline = read_evidence(options.baseline);
  }
  const GateResult result =
      judge_gate(file.evidence, policy, baseline ? &baseline->evidence : nullptr, utc_today());
  if (!options.junit.empty()) {
    publish({{options.junit, junit_xml(result)}});
  }
  RowWriter out("-");
  out.line(gate_summary(result));
  std::string lines = explain_gate(result, options.explain);
  if (!lines.empty() && lines.back() == '\n') {
    lines.pop_back();
  }
  if (!lines.empty()) {
    out.line(lines);
  }
  out.finish();
  return gate_exit_code(result.verdict, options.report_only);
}

}  // namespace

void add_gate(CLI::App& program, Action& action) {
  auto options = std::make_shared<GateArguments>();
  CLI::App* verb = program.add_subcommand("gate", "Judge evidence by a policy; for CI jobs");
  verb->footer(
      "A limit passes if the one-sided 95 % upper bound is at most at_most, fails if the lower\n"
      "bound is above it, and is inconclusive between. Ends 0 (pass), 3 (fail) or 4\n"
      "(inconclusive).");
  verb->add_option("EVIDENCE", options->evidence, "evidence.json")->required();
  verb->add_option("--policy", options->policy, "limits and waivers")->required();
  verb->add_option("--baseline", options->baseline, "evidence of an earlier checkpoint");
  verb->add_option("--junit", options->junit, "write JUnit XML here");
  verb->add_flag("--explain", options->explain,
                 "say why of every check, not only of those that "
                 "do not pass");
  verb->add_flag("--report-only", options->report_only, "end 0 instead of 3");
  verb->callback([options, &action] { action = [options] { return run_gate(*options); }; });
}

}  // namespace souvenir::cli
