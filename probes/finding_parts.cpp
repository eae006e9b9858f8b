#include "probes/finding_parts.h"

#include "metrics/power.h"

namespace souvenir {

Finding new_finding(const ProbeInfo& probe, Metric metric, const Stratum& stratum) {
  Finding finding;
  finding.probe = probe.name;
  finding.probe_version = probe.version;
  finding.metric = std::move(metric);
  finding.stratum = stratum;
  return finding;
}

void call_descriptive(Finding& finding, bool of_controls) {
  finding.is_control = of_controls;
  finding.outcome = Outcome::not_applicable;
  finding.outcome_reason = {"descriptive", "describes the strings; no word is tied to it", {}};
}

void call_control(Finding& finding) {
  finding.is_control = true;
  finding.outcome = Outcome::not_applicable;
  finding.outcome_reason = {"control", "a control: says what the others compare with", {}};
}

void add_caveat(Finding& finding, std::int64_t count, std::string_view code,
                std::string_view text) {
  if (count > 0) {
    finding.caveats.push_back({std::string(code), std::to_string(count) + " " + std::string(text),
                               static_cast<double>(count)});
  }
}

std::string id_without_stratum(const Finding& finding) {
  Finding all = finding;
  all.stratum = {};
  const std::string id = finding_id(all);
  return id.substr(0, id.rfind('/'));
}

Estimate census(double value, const char* unit, const Estimate& over) {
  Estimate out;
  out.unit = unit;
  out.method = "census of the strings asked";
  out.n = over.n;
  out.persons = over.persons;
  if (over.value) {
    out.value = out.low = out.high = value;
  } else {
    out.reason = over.reason;
  }
  return out;
}

std::optional<double> minimum_detectable_rate(const Estimate& estimate) {
  if (!estimate.n_effective || *estimate.n_effective <= 0.0) return std::nullopt;
  return detectable_rate(*estimate.n_effective);
}

}  // namespace souvenir
