// souvenir verify: is this evidence whole, and is it about this model?

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "harness/cli/evidence_file.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/config.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/evidence/json.h"
#include "reports/text.h"

namespace souvenir::cli {

namespace {

namespace fs = std::filesystem;

struct VerifyArguments {
  std::string evidence;
  std::string model;
  std::string adapter;
};

std::string sha256_of_file(const fs::path& path) {
  std::ifstream in = open_file(path.string());
  Sha256 digest;
  std::string buffer(1U << 20U, '\0');
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    digest.update({buffer.data(), static_cast<std::size_t>(in.gcount())});
  }
  return hex(digest.finish());
}

void check_form(const EvidenceFile& file, const std::string& path) {
  if (canonical_json(to_json(file.evidence)) != file.bytes &&
      canonical_json(parse_canonical(file.bytes)) != file.bytes) {
    throw Error(ErrorKind::integrity,
                path + ": not in canonical form: it was edited after it was written");
  }
  const auto& run = file.evidence.run;
  const auto recorded = run.find("content_sha256");  // other programs may write none
  if (recorded != run.end()) {
    const std::string found = content_digest(parse_canonical(file.bytes));
    if (*recorded != found) {
      throw Error(ErrorKind::integrity,
                  path + ": /run/content_sha256: its content has another digest, " + found +
                      ": it was edited after it was written");
    }
  }
  const AuditedModel& model = file.evidence.model;
  if (!model.files.empty() && digest_of_files(model.files) != model.sha256) {
    throw Error(ErrorKind::integrity, path + ": /object/model/sha256: expected " +
                                          digest_of_files(model.files) + ", found " + model.sha256);
  }
}

bool is_of_adapter(const EvidenceFile& file, const std::string& name) {
  const std::optional<AdapterInfo>& adapter = file.evidence.adapter;
  return adapter && std::any_of(adapter->files.begin(), adapter->files.end(),
                                [&](const FileDigest& f) { return f.name == name; });
}

// Where a file of the model was read from: the adapter's directory, the base model's, or the model
// itself where it is one file, whatever its name is now; of a split one, beside the first part.
fs::path place_of(const EvidenceFile& file, const std::string& name,
                  const VerifyArguments& options) {
  const bool merged = is_of_adapter(file, name);
  if (merged && options.adapter.empty()) {
    throw Error(ErrorKind::usage,
                "the evidence is of a model with an adapter: name it by --adapter");
  }
  const fs::path from = merged ? options.adapter : options.model;
  if (!fs::is_regular_file(from)) {
    return from / name;
  }
  const std::vector<FileDigest>& files = file.evidence.model.files;
  const auto own = std::count_if(files.begin(), files.end(), [&](const FileDigest& each) {
    return !is_of_adapter(file, each.name);
  });
  return own == 1 ? from : from.parent_path() / name;
}

void check_model(const EvidenceFile& file, const VerifyArguments& options) {
  if (!options.adapter.empty() && !file.evidence.adapter) {
    throw Error(ErrorKind::integrity,
                options.adapter + ": expected a model without an adapter, by the evidence");
  }
  for (const FileDigest& expected : file.evidence.model.files) {
    const fs::path path = place_of(file, expected.name, options);
    if (!fs::exists(path)) {
      throw Error(ErrorKind::integrity, path.string() + ": expected by the evidence, found none");
    }
    const std::string found = sha256_of_file(path);
    if (found != expected.sha256) {
      throw Error(ErrorKind::integrity,
                  path.string() + ": expected SHA-256 " + expected.sha256 + ", found " + found);
    }
  }
}

int run_verify(const VerifyArguments& options) {
  const EvidenceFile file = read_evidence(options.evidence);
  check_form(file, options.evidence);
  RowWriter out("-");
  out.line(visible(options.evidence) + ": whole, sha256 " + hex(sha256(file.bytes)));
  if (!options.model.empty()) {
    check_model(file, options);
    out.line(visible(options.model) + ": the model that was audited, sha256 " +
             file.evidence.model.sha256);
  }
  out.finish();
  return kExitComplete;
}

}  // namespace

void add_verify(CLI::App& program, Action& action) {
  auto options = std::make_shared<VerifyArguments>();
  CLI::App* verb =
      program.add_subcommand("verify", "Check that evidence is whole, and about a given model");
  verb->add_option("EVIDENCE", options->evidence, "evidence.json")->required();
  verb->add_option("--model", options->model,
                   "directory, or GGUF file, that must be what was audited");
  verb->add_option("--adapter", options->adapter, "directory of the adapter merged into it");
  verb->callback([options, &action] { action = [options] { return run_verify(*options); }; });
}

}  // namespace souvenir::cli
