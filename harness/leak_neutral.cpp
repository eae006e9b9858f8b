#include <utility>

#include "harness/leak_scan.h"

namespace souvenir {

std::vector<std::string> neutral_text(const Evidence& evidence) {
  std::vector<std::string> out = {evidence.model.architecture,       evidence.model.stored_dtype,
                                  evidence.model.compute_dtype,      evidence.model.device,
                                  evidence.tokenizer.kind,           evidence.tokenizer.bos,
                                  evidence.tokenizer.unicode_version};
  out.push_back(evidence.model.quantisation);
  for (const FileDigest& file : evidence.model.files) {
    out.push_back(file.name);
  }
  if (evidence.reference) {
    const AuditedModel& other = *evidence.reference;
    out.insert(out.end(), {other.architecture, other.stored_dtype, other.compute_dtype});
    out.push_back(other.quantisation);
    for (const FileDigest& file : other.files) {
      out.push_back(file.name);
    }
  }
  // Names of columns, not what stands in them.
  for (const Finding& finding : evidence.findings) {
    if (finding.stratum.key.size() <= 32) {
      out.push_back(finding.stratum.key);
    }
  }
  // By name: whatever else stands in these sections is searched like everything.
  for (const auto& [section, key] : {std::pair(&evidence.tool, "libtorch"),
                                     {&evidence.tool, "compiler"},
                                     {&evidence.tool, "version"},
                                     {&evidence.run, "host_cpu"}}) {
    if (section->is_object() && section->contains(key) && (*section)[key].is_string()) {
      out.push_back((*section)[key].get<std::string>());
    }
  }
  return out;
}

}  // namespace souvenir
