// souvenir report: renders evidence again, without a model.

#include "reports/report.h"

#include <memory>

#include "harness/cli/evidence_file.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir::cli {

namespace {

struct ReportArguments {
  std::string evidence;
  std::vector<std::string> outputs;
  std::string language = "en";
};

const ReportFormat& find_format(const std::string& name) {
  std::string known;
  for (const ReportFormat& format : report_formats()) {
    if (format.name == name) {
      return format;
    }
    known += (known.empty() ? "" : ", ") + std::string(format.name);
  }
  throw Error(ErrorKind::usage, "-o: format \"" + name + "\": expected one of " + known);
}

int run_report(const ReportArguments& options) {
  const EvidenceFile file = read_evidence(options.evidence);
  ReportOptions report;
  report.language = options.language == "fr" ? Language::fr : Language::en;
  report.evidence_sha256 = hex(sha256(file.bytes));
  std::vector<OutputFile> outputs;
  for (const std::string& output : options.outputs) {
    const std::size_t equals = output.find('=');
    const ReportFormat& format = find_format(output.substr(0, equals));
    const std::string path =
        equals == std::string::npos ? std::string(format.file_name) : output.substr(equals + 1);
    outputs.push_back({path, format.render(file.evidence, report)});
  }
  publish(outputs);
  return kExitComplete;
}

}  // namespace

void add_report(CLI::App& program, Action& action) {
  auto options = std::make_shared<ReportArguments>();
  CLI::App* verb = program.add_subcommand("report", "Render evidence again, without a model");
  verb->add_option("EVIDENCE", options->evidence, "evidence.json")->required();
  verb->add_option("-o,--output", options->outputs,
                   "FORMAT=FILE, e.g. html=report.html; repeatable")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--language", options->language, "en or fr: shown first; both are in the file")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
  verb->callback([options, &action] { action = [options] { return run_report(*options); }; });
}

}  // namespace souvenir::cli
