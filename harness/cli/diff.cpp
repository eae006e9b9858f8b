// souvenir diff: two evidences on the same inputs, side by side.

#include "reports/diff.h"

#include <iostream>
#include <memory>

#include "harness/cli/evidence_file.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/error.h"
#include "harness/evidence/json.h"
#include "reports/text.h"

namespace souvenir::cli {

namespace {

struct DiffArguments {
  std::string before;
  std::string after;
  std::vector<std::string> outputs = {"text"};
  std::string language = "en";
  bool force = false;
};

std::string render(const std::string& format, const EvidenceDiff& diff,
                   const DiffArguments& options) {
  if (format == "text") return visible(diff_text(diff), "\n");
  if (format == "json") return canonical_json(diff_json(diff)) + "\n";
  if (format == "html") {
    return diff_html(diff, options.language == "fr" ? Language::fr : Language::en);
  }
  throw Error(ErrorKind::usage, "-o: format \"" + format + "\": expected text, json or html");
}

void refuse_other_questions(const EvidenceDiff& diff) {
  std::string all;
  for (const std::string& mismatch : diff.mismatches) {
    all += (all.empty() ? "" : "; ") + mismatch;
  }
  if (!all.empty()) {
    throw Error(ErrorKind::input, "diff: expected two audits of the same inputs: " + all +
                                      " (--force compares all the same)");
  }
}

int run_diff(const DiffArguments& options) {
  const EvidenceFile before = read_evidence(options.before);
  const EvidenceFile after = read_evidence(options.after);
  const EvidenceDiff diff = diff_evidence(before.evidence, after.evidence);
  if (!options.force) {
    refuse_other_questions(diff);
  }
  if (const std::string doubt = diff_doubt(before.evidence, after.evidence); !doubt.empty()) {
    std::cerr << "souvenir: diff: " << doubt << "\n";
  }
  std::vector<OutputFile> files;
  std::string lines;
  for (const std::string& output : options.outputs) {
    const std::size_t equals = output.find('=');
    std::string bytes = render(output.substr(0, equals), diff, options);
    if (equals == std::string::npos) {
      lines += bytes;
    } else {
      files.push_back({output.substr(equals + 1), std::move(bytes)});
    }
  }
  publish(files);
  if (!lines.empty()) {
    RowWriter out("-");
    lines.pop_back();  // line() ends it
    out.line(lines);
    out.finish();
  }
  return kExitComplete;
}

}  // namespace

void add_diff(CLI::App& program, Action& action) {
  auto options = std::make_shared<DiffArguments>();
  CLI::App* verb = program.add_subcommand(
      "diff", "Compare two evidences on the same inputs, finding by finding");
  verb->footer(
      "Says of each measure what it was, what it is, and whether it moved by more than noise\n"
      "explains (Holm-adjusted). Ends 0 whatever moved: souvenir gate --baseline judges.");
  verb->add_option("BEFORE", options->before, "evidence.json of the earlier audit")->required();
  verb->add_option("AFTER", options->after, "evidence.json of the later audit")->required();
  verb->add_option("-o,--output", options->outputs,
                   "text, json or html to standard output, or FORMAT=FILE; repeatable")
      ->allow_extra_args(false);
  verb->add_option("--language", options->language, "en or fr: shown first in html")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
  verb->add_flag("--force", options->force, "compare audits of different inputs too");
  verb->callback([options, &action] { action = [options] { return run_diff(*options); }; });
}

}  // namespace souvenir::cli
