#include "harness/cli/evidence_file.h"

#include "harness/config.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/evidence/json.h"

namespace souvenir::cli {

namespace {

constexpr std::uint64_t kMaxEvidenceBytes = std::uint64_t{256} << 20U;

}  // namespace

EvidenceFile read_evidence(const std::string& path) {
  EvidenceFile file;
  file.bytes = read_file(path, kMaxEvidenceBytes);
  try {
    file.evidence = evidence_from_json(file.bytes);
  } catch (const Error& error) {
    throw Error(error.kind(), path + ": " + error.what());
  }
  return file;
}

std::string content_digest(nlohmann::json document) {
  document.at("run").erase("content_sha256");
  return hex(sha256(canonical_json(document)));
}

}  // namespace souvenir::cli
