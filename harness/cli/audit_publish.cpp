#include "harness/cli/audit_publish.h"

#include "harness/cli/evidence_file.h"
#include "harness/cli/output.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/leak_scan.h"
#include "reports/gate.h"
#include "reports/junit.h"
#include "reports/report.h"

namespace souvenir::cli {

namespace {

std::vector<OutputFile> render(const std::filesystem::path& out, const Evidence& evidence,
                               const std::string& language) {
  std::vector<OutputFile> files;
  files.push_back({out / "evidence.json", canonical_json(to_json(evidence))});
  ReportOptions options;
  options.language = language == "fr" ? Language::fr : Language::en;
  options.evidence_sha256 = hex(sha256(files[0].bytes));
  for (const ReportFormat& format : report_formats()) {
    if (format.name == "html") {
      files.push_back({out / "report.html", format.render(evidence, options)});
    }
  }
  if (!evidence.gate.is_null()) {
    files.push_back({out / "junit.xml", junit_xml(gate_from_json(evidence.gate))});
  }
  return files;
}

// Needles handed to the scanner at a time: bounds memory, whatever the number of strings.
constexpr std::size_t kNeedleChunk = 4096;

ArtefactFormat format_of(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".json") return ArtefactFormat::json;
  if (extension == ".html") return ArtefactFormat::html;
  return extension == ".xml" ? ArtefactFormat::xml : ArtefactFormat::text;
}

// Searches what is about to be published for every subject's string, and fails closed.
void require_no_subject(const std::vector<OutputFile>& files, const Journal& journal,
                        const Evidence& evidence) {
  std::vector<Artefact> artefacts;
  for (const OutputFile& file : files) {
    artefacts.push_back({file.path.filename().string(), format_of(file.path), file.bytes});
  }
  const std::vector<std::string> neutral = neutral_text(evidence);
  std::vector<std::string_view> vocabulary(neutral.begin(), neutral.end());
  vocabulary.push_back(program_text());
  LeakScanner scanner(artefacts, vocabulary);
  std::vector<Needle> needles;
  std::int64_t ordinal = 0;
  journal.each_text(
      [&](const std::string& prefix, const std::string& secret, const std::vector<TokenId>& ids) {
        needles.push_back({ordinal, "secret", Sensitive(secret), ids});
        needles.push_back({ordinal, "prefix", Sensitive(prefix), {}});
        ++ordinal;
        if (needles.size() >= kNeedleChunk) {
          scanner.search(needles);
          needles.clear();
        }
      });
  scanner.search(needles);
  require_no_leak(scanner.report());
}

}  // namespace

void publish_audit(const Journal& journal, const std::filesystem::path& out, Evidence evidence,
                   const std::string& language) {
  evidence.run["content_sha256"] = content_digest(to_json(evidence));
  const std::vector<OutputFile> files = render(out, evidence, language);
  require_no_subject(files, journal, evidence);
  publish(files);
}

}  // namespace souvenir::cli
