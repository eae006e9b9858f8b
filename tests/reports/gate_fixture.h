#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "harness/evidence/evidence.h"
#include "metrics/binomial.h"
#include "reports/gate.h"
#include "reports/policy.h"

// Evidence and policies built by hand, for tests of the gate and of what is made of it.
namespace gate_fixture {

inline constexpr const char* kToday = "2026-03-15";

inline souvenir::Finding finding(const std::string& metric, souvenir::Estimate estimate,
                                 souvenir::Stratum stratum = {}) {
  souvenir::Finding f;
  f.probe = "discoverable_extraction";
  f.probe_version = "1";
  f.metric.name = metric;
  f.stratum = std::move(stratum);
  f.estimate = std::move(estimate);
  return f;
}

inline souvenir::Finding rate_finding(std::int64_t hits, std::int64_t n,
                                      souvenir::Stratum stratum = {}) {
  return finding("verbatim_rate", souvenir::rate(hits, n), std::move(stratum));
}

// A rate as another tool may write it: only the fields of the contract.
inline souvenir::Estimate foreign_rate(std::int64_t hits, std::int64_t n,
                                       std::optional<std::int64_t> persons = std::nullopt,
                                       std::optional<double> n_effective = std::nullopt) {
  souvenir::Estimate e;
  e.value = static_cast<double>(hits) / static_cast<double>(n);
  e.count = hits;
  e.n = n;
  e.persons = persons;
  e.n_effective = n_effective;
  e.method = "clopper_pearson";
  e.unit = "probability";
  return e;
}

template <typename... Findings>
souvenir::Evidence evidence(Findings... findings) {
  souvenir::Evidence e;
  (e.findings.push_back(std::move(findings)), ...);
  return e;
}

inline souvenir::Limit at_most(double limit,
                               const std::string& pattern = "discoverable_extraction/*") {
  souvenir::Limit l;
  l.finding = pattern;
  l.at_most = limit;
  return l;
}

inline souvenir::Limit max_count(std::int64_t limit,
                                 const std::string& pattern = "discoverable_extraction/*") {
  souvenir::Limit l;
  l.finding = pattern;
  l.max_count = limit;
  return l;
}

inline souvenir::Limit not_worse(const std::string& pattern = "discoverable_extraction/*") {
  souvenir::Limit l;
  l.finding = pattern;
  l.not_worse_than_baseline = true;
  return l;
}

inline souvenir::GateResult judged(const souvenir::Evidence& evidence, const souvenir::Limit& limit,
                                   const souvenir::Evidence* baseline = nullptr) {
  return souvenir::judge_gate(evidence, souvenir::Policy{.limits = {limit}, .waivers = {}},
                              baseline, kToday);
}

}  // namespace gate_fixture
