#include "harness/cli/evidence_file.h"

#include <cmath>

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

nlohmann::json parse_canonical(std::string_view text) {
  constexpr double kExact = 0x1p53;
  const auto as_doubles = [](int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (event == nlohmann::json::parse_event_t::value && parsed.is_number_integer() &&
        std::abs(parsed.get<double>()) >= kExact) {
      parsed = parsed.get<double>();
    }
    return true;
  };
  return nlohmann::json::parse(text, as_doubles);
}

std::string content_digest(nlohmann::json document) {
  document.at("run").erase("content_sha256");
  return hex(sha256(canonical_json(document)));
}

}  // namespace souvenir::cli
