#include "harness/cli/audit_publish.h"

#include "harness/cli/output.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/evidence/json.h"
#include "reports/gate.h"
#include "reports/junit.h"
#include "reports/report.h"

namespace souvenir::cli {

namespace {

std::vector<OutputFile> render(const AuditSession& session, const Evidence& evidence,
                               const std::string& language) {
  std::vector<OutputFile> files;
  files.push_back({session.out / "evidence.json", canonical_json(to_json(evidence))});
  ReportOptions options;
  options.language = language == "fr" ? Language::fr : Language::en;
  options.evidence_sha256 = hex(sha256(files[0].bytes));
  for (const ReportFormat& format : report_formats()) {
    if (format.name == "html") {
      files.push_back({session.out / "report.html", format.render(evidence, options)});
    }
  }
  if (!evidence.gate.is_null()) {
    files.push_back({session.out / "junit.xml", junit_xml(gate_from_json(evidence.gate))});
  }
  return files;
}

}  // namespace

void publish_audit(const AuditSession& session, const Evidence& evidence,
                   const std::string& language) {
  const std::vector<OutputFile> files = render(session, evidence, language);
  publish(files);
}

}  // namespace souvenir::cli
