#include <array>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "reports/gate.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/report.h"

namespace souvenir {

namespace {

std::string render_json(const Evidence& evidence, const ReportOptions&) {
  return canonical_json(to_json(evidence));
}

std::string render_junit(const Evidence& evidence, const ReportOptions&) {
  if (evidence.gate.is_null()) {
    throw Error(
        ErrorKind::input,
        "report format junit: expected evidence that was held against a policy, found none; "
        "souvenir gate writes JUnit");
  }
  return junit_xml(gate_from_json(evidence.gate));
}

constexpr std::array kFormats = {
    ReportFormat{"json", "evidence.json", "canonical JSON (RFC 8785), schema souvenir/evidence/1",
                 render_json},
    ReportFormat{"html", "report.html",
                 "one page in English and French, nothing loaded from elsewhere", render_html},
    ReportFormat{"junit", "junit.xml", "one test case for each limit and finding", render_junit},
};

}  // namespace

std::span<const ReportFormat> report_formats() { return kFormats; }

std::string render_report(std::string_view name, const Evidence& evidence,
                          const ReportOptions& options) {
  std::string known;
  for (const ReportFormat& format : kFormats) {
    if (format.name == name) {
      return format.render(evidence, options);
    }
    known += (known.empty() ? "" : ", ") + std::string(format.name);
  }
  throw Error(ErrorKind::usage,
              "report format: expected one of " + known + "; found " + std::string(name));
}

}  // namespace souvenir
