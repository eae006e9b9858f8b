#include <array>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "reports/report.h"

namespace souvenir {

namespace {

std::string render_json(const Evidence& evidence, const ReportOptions&) {
  return canonical_json(to_json(evidence));
}

constexpr std::array kFormats = {
    ReportFormat{"json", "evidence.json", "canonical JSON (RFC 8785), schema souvenir/evidence/1",
                 render_json},
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
