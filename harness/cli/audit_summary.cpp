// What an audit says on the terminal when it is done.

#include <cstdio>

#include "harness/cli/audit_publish.h"
#include "harness/cli/output.h"
#include "harness/evidence/json.h"
#include "reports/gate.h"
#include "reports/gate_text.h"

namespace souvenir::cli {

namespace {

std::string percent(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100.0 * value);
  return text;
}

// "12 of 300 (4 %; 95 %: 2.08 % to 6.89 %)"
std::string rate_text(const Estimate& estimate) {
  if (!estimate.value || !estimate.count || !estimate.n) {
    return estimate.reason.empty() ? "no estimate" : estimate.reason;
  }
  std::string text = std::to_string(*estimate.count) + " of " + std::to_string(*estimate.n) +
                     " reproduced verbatim (" + percent(*estimate.value);
  if (estimate.low && estimate.high) {
    text += "; 95 % interval " + percent(*estimate.low) + " to " + percent(*estimate.high);
  }
  return text + ")";
}

void print_rates(RowWriter& out, const Evidence& evidence) {
  for (const Finding& finding : evidence.findings) {
    if (finding.metric.name != "verbatim_rate") {
      continue;
    }
    if (finding.stratum.key.empty()) {
      out.line("strings:  " + rate_text(finding.estimate));
      out.line("outcome:  " + std::string(outcome_name(finding.outcome)) + " (" +
               finding.outcome_reason.text + ")");
    } else if (finding.is_control) {
      const bool negative = finding.stratum.key == "member";
      out.line((negative ? "controls: " : "positive: ") + rate_text(finding.estimate));
    }
  }
}

}  // namespace

void print_summary(const Evidence& evidence, const std::filesystem::path& out_folder) {
  RowWriter out("-");
  out.line("model:    " + evidence.model.architecture + ", " +
           std::to_string(evidence.model.parameters) + " parameters, " +
           evidence.model.compute_dtype + " on " + evidence.model.device);
  print_rates(out, evidence);
  for (const LeftOut& row : evidence.left_out) {
    out.line("left out: " + std::to_string(row.count) + " " + row.reason);
  }
  if (!evidence.gate.is_null()) {
    const GateResult gate = gate_from_json(evidence.gate);
    out.line(gate_summary(gate));
    const std::string lines = explain_gate(gate, false);
    if (!lines.empty()) {
      out.line(lines.substr(0, lines.find_last_not_of('\n') + 1));
    }
  }
  out.line("evidence: " + (out_folder / "evidence.json").string());
  out.line("report:   " + (out_folder / "report.html").string());
  out.finish();
}

}  // namespace souvenir::cli
