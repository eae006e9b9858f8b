// What an audit says on the terminal when it is done.

#include "harness/cli/audit_headlines.h"
#include "harness/cli/audit_publish.h"
#include "harness/cli/output.h"
#include "harness/evidence/json.h"
#include "reports/gate.h"
#include "reports/gate_text.h"

namespace souvenir::cli {

void print_summary(const Evidence& evidence, const std::filesystem::path& out_folder) {
  RowWriter out("-");
  out.line("model:    " + evidence.model.architecture + ", " +
           std::to_string(evidence.model.parameters) + " parameters, " +
           evidence.model.compute_dtype + " on " + evidence.model.device);
  if (!evidence.model.quantisation.empty()) {
    out.line("weights:  quantised (" + evidence.model.quantisation +
             "): every number is the quantised model's");
  }
  for (const std::string& line : headlines(evidence)) out.line(line);
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
