#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "harness/evidence/evidence.h"
#include "metrics/binomial.h"
#include "reports/gate.h"
#include "reports/gate_text.h"
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

// The verdict and the words of a policy of one limit on evidence with one check.
struct Said {
  souvenir::Verdict verdict;
  std::string text;
};

inline Said say(const souvenir::Evidence& evidence, const souvenir::Limit& limit,
                const souvenir::Evidence* baseline = nullptr) {
  const souvenir::GateResult result = judged(evidence, limit, baseline);
  REQUIRE(result.checks.size() == 1);
  return {result.verdict, souvenir::explain_check(result.checks[0])};
}

inline souvenir::Finding control_of(souvenir::Finding f) {
  f.is_control = true;
  return f;
}

inline souvenir::Finding with_control(souvenir::Finding f, const std::string& role,
                                      std::optional<bool> passed, const std::string& id = "") {
  f.controls.push_back({role, id, "", passed, "", std::nullopt, std::nullopt});
  return f;
}

}  // namespace gate_fixture
