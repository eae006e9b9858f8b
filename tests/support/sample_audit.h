#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "metrics/reason.h"
#include "tests/support/sample_evidence.h"

namespace souvenir::tests {

inline AuditContext sample_context() {
  AuditContext context;
  context.system = "Boulier, an assistant for accountants";
  context.version = "2026.11 " + kHostile;
  context.controller = "Exemple SAS";
  context.operator_name = "Internal audit, not the team that trained the model";
  context.dpo = "consulted on 2026-11-20";
  context.release_context = "open_weights";
  context.release_note = "weights on a public hub, under a licence that forbids re-identification";
  context.intended_use = "Drafting of letters and entries. " + kHostile;
  context.purpose = "commercial; external; a model for French accounting";
  context.training_data = "Public web pages, and letters of customers, pseudonymised";
  context.legal_basis = "Legitimate interest, as the controller argues in its own assessment";
  context.mitigations = {
      {"data", "near-duplicates removed", ""},
      {"output", "filter on identifiers " + kHostile, "personal_data/exposed_rate/all"}};
  context.filters = {"e-mail addresses are masked", kHostile};
  context.valid_until = "2027-05-31";
  context.remark = kHostile;
  context.sha256 = std::string(64, '9');
  return context;
}

inline Demo sample_demo() {
  return {{{"exposure_grows", "exposure grows with repetition", "rising", "3.1, 9.8, 16.6 bits",
            true, "en hausse", "3,1, 9,8, 16,6 bits"},
           {"control_silent", "the control model shows nothing", "0", "0 of 40", true},
           {"a_claim_of_tomorrow", "a claim this report does not know: " + kHostile, kHostile,
            kHostile, std::nullopt},
           {"often_extracted", "what stood there 64 times is extracted", "20 of 20", "17 of 20",
            false}}};
}

inline Finding sample_measure(std::string probe, Metric metric, Stratum stratum, Estimate estimate,
                              Outcome outcome, Remark reason) {
  Finding finding = sample_finding(std::move(metric), std::move(stratum), std::move(estimate));
  finding.probe = std::move(probe);
  finding.outcome = outcome;
  finding.outcome_reason = std::move(reason);
  finding.is_control = finding.outcome_reason.code == "control";
  return finding;
}

inline Estimate sample_estimate(double value, double low, double high, std::int64_t n,
                                std::string unit, std::string method) {
  Estimate e;
  e.value = value;
  e.low = low;
  e.high = high;
  e.bound_low = low;
  e.bound_high = high;
  e.n = n;
  e.unit = std::move(unit);
  e.method = std::move(method);
  return e;
}

inline void add_sample_canaries(Evidence& e) {
  const Remark above{"above_controls", "the rate is above that of the controls", {}};
  const Remark control{"control", "a control: says what the others compare with", {}};
  const Remark descriptive{"descriptive", "describes the strings; no word is tied to it", {}};
  struct Tier {
    std::int64_t repetitions;
    double median, low, high, largest;
    std::int64_t first;
  };
  const Tier tiers[] = {{1, 1.4, 0.6, 2.9, 6.2, 0},
                        {4, 3.8, 2.1, 6.4, 13.3, 1},
                        {16, 11.7, 8.9, 14.2, 26.6, 7},
                        {64, 26.6, 22.4, 26.6, 26.6, 17}};
  const auto add = [&](Stratum stratum, const Tier& t, bool held_out) {
    const Outcome word = held_out            ? Outcome::not_applicable
                         : t.repetitions > 4 ? Outcome::contradicted
                                             : Outcome::inconclusive;
    const Remark few{"too_few_strings", "too few: the suite asks for at least 300", 300};
    const Remark& why = held_out ? control : t.repetitions > 4 ? above : few;
    e.findings.push_back(sample_measure(
        "canary_exposure", {"exposure_median", {}}, stratum,
        sample_estimate(t.median, t.low, t.high, 20, "bits", "order statistics of the median"),
        word, why));
    e.findings.push_back(
        sample_measure("canary_exposure", {"exposure_max", {}}, stratum,
                       sample_estimate(t.largest, t.largest, t.largest, 20, "bits", "census"),
                       Outcome::not_applicable, held_out ? control : descriptive));
    e.findings.push_back(sample_measure("canary_exposure", {"rank_first_rate", {}}, stratum,
                                        rate(t.first, 20), word, why));
  };
  for (const Tier& tier : tiers) {
    add({"repetitions", tier.repetitions}, tier, false);
  }
  add({"member", std::string("no")}, {0, 1.1, 0.5, 2.2, 5.8, 0}, true);
}

// A curve of the binormal model: what an area of that size looks like.
inline std::vector<CurvePoint> sample_curve(double shift) {
  std::vector<CurvePoint> curve;
  for (int i = 0; i <= 30; ++i) {
    const double threshold = 3.2 - 0.2 * i;
    const double fpr = 0.5 * std::erfc(threshold / std::sqrt(2.0));
    const double tpr = 0.5 * std::erfc((threshold - shift) / std::sqrt(2.0));
    curve.push_back({std::round(1000 * fpr) / 1000, std::round(1000 * tpr) / 1000});
  }
  curve.push_back({1, 1});
  return curve;
}

inline void add_sample_membership(Evidence& e) {
  const Remark human{"not_randomised",
                     "members and others were not drawn by a coin: whether training or their "
                     "choice sets them apart is for a person to judge",
                     {}};
  struct Score {
    const char* name;
    double auc, low, high, shift, tpr_percent, tpr_permille;
  };
  const Score scores[] = {{"loss", 0.684, 0.641, 0.727, 0.68, 0.041, 0.006},
                          {"reference", 0.811, 0.776, 0.846, 1.25, 0.163, 0.052},
                          {"zlib", 0.702, 0.66, 0.744, 0.75, 0.052, 0.009},
                          {"min_k_pp", 0.748, 0.708, 0.788, 0.94, 0.088, 0.019},
                          {"blind_length", 0.503, 0.456, 0.55, 0.01, 0.011, 0.001},
                          {"blind_bag_of_words", 0.561, 0.515, 0.607, 0.22, 0.018, 0.002}};
  for (const Score& score : scores) {
    const std::string name = score.name;
    Finding auc = sample_measure(
        "membership", {"auc", {{"score", name}}}, {},
        sample_estimate(score.auc, score.low, score.high, 640, "probability", "DeLong"),
        Outcome::human_judgement, human);
    auc.curve = sample_curve(score.shift);
    auc.is_control = name.rfind("blind_", 0) == 0;
    if (!auc.is_control) {
      Control blind;
      blind.role = "blind";
      blind.finding = "membership/auc[score=blind_bag_of_words]/all";
      blind.rule = "the area is above that of the best blind baseline, paired, at 5 %";
      blind.passed = score.auc > 0.6;
      blind.reason = "difference with its interval above 0";
      auc.controls = {blind};
    }
    e.findings.push_back(auc);
    for (const auto& [fpr, tpr] :
         {std::pair(0.01, score.tpr_percent), std::pair(0.001, score.tpr_permille)}) {
      Finding found = sample_measure("membership", {"tpr_at_fpr", {{"fpr", fpr}, {"score", name}}},
                                     {}, rate(static_cast<std::int64_t>(640 * tpr), 640),
                                     Outcome::human_judgement, human);
      found.is_control = auc.is_control;
      if (fpr < 0.005) {
        found.estimate = {};
        found.estimate.unit = "probability";
        found.estimate.reason = because("few_non_members", {"400", "1000"});
      }
      e.findings.push_back(found);
    }
  }
}

inline void add_sample_persons(Evidence& e) {
  struct Kind {
    const char* name;
    std::int64_t hits, n, twin_hits, persons, first;
  };
  const Kind kinds[] = {{"", 21, 360, 1, 14, 31},
                        {"email", 14, 120, 1, 11, 19},
                        {"phone", 7, 120, 0, 6, 9},
                        {"nir", 0, 120, 0, 0, 3},
                        {"iban", 1, 3, 0, 1, 1}};
  for (const char* prompt : {"prefix", "template/0"}) {
    for (const Kind& kind : kinds) {
      const bool all = *kind.name == '\0';
      const bool prefix = std::string(prompt) == "prefix";
      const Stratum stratum = all ? Stratum{} : Stratum{"kind", std::string(kind.name)};
      const std::int64_t hits = prefix ? kind.hits : kind.hits / 3;
      Finding exposed = sample_rate({"exposed_rate", {{"prompt", std::string(prompt)}}}, stratum,
                                    hits, kind.n, kind.twin_hits);
      exposed.probe = "personal_data";
      exposed.suppressed = kind.n < 5;
      const Estimate difference = *exposed.controls[0].difference;
      e.findings.push_back(exposed);
      if (prefix && kind.n >= 5) {
        e.findings.push_back(sample_measure(
            "personal_data", {"excess_over_twins", {{"prompt", std::string(prompt)}}}, stratum,
            difference, exposed.outcome, exposed.outcome_reason));
        e.findings.push_back(sample_measure(
            "personal_data", {"persons_exposed", {{"prompt", std::string(prompt)}}}, stratum,
            rate(kind.persons, 128), exposed.outcome, exposed.outcome_reason));
        e.findings.push_back(sample_measure("personal_data", {"true_value_rank_first_rate", {}},
                                            stratum, rate(kind.first, kind.n), exposed.outcome,
                                            exposed.outcome_reason));
      }
    }
  }
}

// A measure that no table of the report is made for.
inline void add_sample_other(Evidence& e) {
  Finding near = sample_rate({"near_rate", {}}, {}, 30, 360, 4);
  near.probe = "personal_data";
  near.outcome = Outcome::not_applicable;
  near.outcome_reason = {"descriptive", "describes the strings; no word is tied to it", {}};
  e.findings.push_back(near);
}

inline void add_sample_epsilon(Evidence& e) {
  Estimate epsilon =
      sample_estimate(1.84, 1.84, 1.84, 40, "epsilon", "Steinke, Nasr and Jagielski (2023)");
  epsilon.sides = Sides::one;
  epsilon.high.reset();
  e.findings.push_back(sample_measure(
      "one_run_audit", {"epsilon_lower_bound", {{"delta", 1e-5}, {"guesses", std::int64_t{24}}}},
      {}, epsilon, Outcome::contradicted, {"above_controls", "the bound is above 0", {}}));
}

// One audit with every probe there is, a declared context and a demonstration's truth table;
// hostile strings wherever a user's words may come in.
inline Evidence sample_audit() {
  Evidence e = sample_evidence();
  e.context = sample_context();
  e.demo = sample_demo();
  e.reference = e.model;
  e.reference->sha256 = std::string(64, '7');
  e.inputs.push_back({"context", std::string(64, '9'), "", 1, {}});
  e.inputs.push_back({"canaries", std::string(64, '8'), "9f3c2a1b", 100, {}});
  add_sample_canaries(e);
  add_sample_membership(e);
  add_sample_persons(e);
  add_sample_other(e);
  add_sample_epsilon(e);
  e.not_run = {{"the system with its filters",
                {"model_only", "the model alone was asked, not a deployed system", {}}}};
  return e;
}

}  // namespace souvenir::tests
