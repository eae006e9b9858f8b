// souvenir subject: what an audit found about one subject or person.

#include <filesystem>
#include <memory>

#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/error.h"
#include "harness/journal.h"
#include "harness/subject_findings.h"
#include "probes/subject_scores.h"
#include "reports/subject_html.h"

namespace souvenir::cli {

namespace {

struct SubjectArguments {
  std::string id;
  std::string out;
  std::string format = "json";
  std::string language = "en";
};

int run_subject(const SubjectArguments& options) {
  const auto folder = std::filesystem::path(options.out) / "private";
  if (!std::filesystem::exists(folder / "journal.sqlite")) {
    throw Error(ErrorKind::input, options.out +
                                      ": expected the folder of an audit, with "
                                      "private/journal.sqlite; found none");
  }
  const Journal journal(folder.string());
  RowWriter out("-");
  const auto findings = subject_findings(journal, options.id, add_subject_scores);
  const Language first = options.language == "fr" ? Language::fr : Language::en;
  out.line(options.format == "html" ? subject_html(findings, first) : findings.dump(2));
  out.finish();
  return kExitComplete;
}

}  // namespace

void add_subject(CLI::App& program, Action& action) {
  auto options = std::make_shared<SubjectArguments>();
  CLI::App* verb =
      program.add_subcommand("subject", "Write what an audit found about one subject or person");
  verb->footer(
      "Writes numbers about one person, for a rights request: keep them as private as the\n"
      "folder they come from.");
  verb->add_option("ID", options->id, "id of a subject, or a person")->required();
  verb->add_option("--out", options->out, "folder of the audit")->required();
  verb->add_option("--format", options->format, "json, or html: one page in English and French")
      ->check(CLI::IsMember({"json", "html"}))
      ->capture_default_str();
  verb->add_option("--language", options->language, "en or fr: shown first in html")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
  verb->callback([options, &action] { action = [options] { return run_subject(*options); }; });
}

}  // namespace souvenir::cli
