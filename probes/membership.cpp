// Membership inference: do the model's scores tell strings it was trained on from others, and more
// than could be told without the model?

#include <algorithm>
#include <map>

#include "metrics/reason.h"
#include "probes/membership_stratum.h"
#include "probes/outcome.h"
#include "probes/registry.h"

namespace souvenir {

namespace {

using nlohmann::json;

const ProbeInfo kMembership = {
    .name = kMembershipName,
    .version = kMembershipVersion,
    .goal = "Tell strings of the training data from others by the model's scores",
    .source =
        "Yeom et al. (2018); Carlini et al. (2021); Shi et al. (2024); Zhang et al. (2025); "
        "SoK: Meeus et al. (2024), blind baselines: Das, Zhang and Tramer (2024)"};

// A score that nothing could be computed for, or a rate that the controls cannot show.
void leave_untested(Finding& finding) {
  finding.outcome = Outcome::not_tested;
  finding.outcome_reason = {"not_measured", "not measured: " + finding.estimate.reason, {}};
}

// Real strings were not put where they are by a coin: whatever tells them apart, a person judges.
void leave_to_judgement(Finding& finding) {
  const auto blind = std::find_if(finding.controls.begin(), finding.controls.end(),
                                  [](const Control& c) { return c.role == "blind"; });
  const bool beaten = blind != finding.controls.end() && blind->passed.value_or(false);
  finding.outcome = Outcome::human_judgement;
  if (blind != finding.controls.end() && !beaten) {
    finding.outcome_reason = {"blind_not_beaten",
                              "does not beat the best baseline that never asks the model: says "
                              "nothing about the model",
                              {}};
  } else {
    finding.outcome_reason = {"not_randomised",
                              "members and others were not drawn by a coin: whether training or "
                              "their choice sets them apart is for a person to judge",
                              {}};
  }
}

std::int64_t class_count(const MembershipRows& rows, bool member) {
  return std::count_if(rows.begin(), rows.end(),
                       [&](const MembershipRow* row) { return row->member == member; });
}

// The canaries planted most often, whose areas are the positive control of all others.
std::vector<Finding> judge_most_planted(const MembershipTable& table,
                                        const MembershipParameters& parameters,
                                        std::uint64_t seed) {
  MembershipRows rows;
  std::optional<Stratum> stratum;
  for (const MembershipRow& row : table.rows) {
    if (!row.member || row.planted_most) rows.push_back(&row);
    for (const Stratum& own : row.strata) {
      if (row.planted_most && own.key == "repetitions") stratum = own;
    }
  }
  if (!stratum) return {};
  return StratumJudge(table, parameters, *stratum, rows, true, seed).findings({});
}

// Nothing can be told apart where there is only one class.
Finding one_class() {
  Finding finding;
  finding.probe = kMembership.name;
  finding.probe_version = kMembership.version;
  finding.metric = {"auc", {{"score", std::string("loss")}}};
  finding.estimate.unit = "probability";
  finding.estimate.reason = because("one_class");
  finding.outcome = Outcome::inconclusive;
  finding.outcome_reason = {
      "one_class",
      "strings known to be in the training data and strings known not to be are both needed",
      {}};
  return finding;
}

bool has_both_classes(const MembershipTable& table) {
  const auto members = std::count_if(table.rows.begin(), table.rows.end(),
                                     [](const MembershipRow& row) { return row.member; });
  return members > 0 && members < static_cast<std::int64_t>(table.rows.size());
}

std::vector<Finding> judge_population(const MembershipTable& table,
                                      const MembershipParameters& parameters, bool canaries,
                                      std::uint64_t seed) {
  std::vector<Finding> most_planted;
  if (canaries) most_planted = judge_most_planted(table, parameters, seed);
  std::vector<Finding> findings;
  std::vector<ComparisonFacts> facts;
  for (const auto& [stratum, rows] : strata_of(table)) {
    for (Finding& finding :
         StratumJudge(table, parameters, stratum, rows, canaries, seed).findings(most_planted)) {
      findings.push_back(std::move(finding));
      facts.push_back({class_count(rows, true), class_count(rows, false),
                       "planted strings score higher than held-out ones"});
    }
  }
  std::map<std::string, std::vector<Finding*>> families;
  for (Finding& finding : findings) {
    if (finding.is_control) continue;
    families[kMembership.name + "/" + finding.metric.name + (canaries ? "/canaries" : "")]
        .push_back(&finding);
  }
  for (auto& [family, members] : families) adjust_family(members, family);
  for (std::size_t i = 0; i < findings.size(); ++i) {
    if (findings[i].is_control || findings[i].suppressed) continue;
    if (!findings[i].estimate.value) {
      leave_untested(findings[i]);
    } else if (canaries) {
      decide_comparison(findings[i], facts[i], parameters.rules);
    } else {
      leave_to_judgement(findings[i]);
    }
  }
  return findings;
}

class Membership : public Probe {
 public:
  const ProbeInfo& info() const override { return kMembership; }

  json resolve(const json& parameters, const std::string& document) const override {
    return to_json(parse_membership_parameters(parameters, document));
  }

  ProbeNeeds needs(const ProbeContext& context) const override {
    ProbeNeeds needs;
    needs.whole = true;
    needs.reference = context.reference;
    needs.lowercase = true;
    return needs;
  }

  std::vector<Finding> judge(const ProbeContext& context, StringCursor& strings) const override {
    const MembershipParameters parameters =
        parse_membership_parameters(context.parameters, "suite");
    const MembershipTables tables = read_membership(strings, parameters);
    std::vector<Finding> findings;
    for (const bool canaries : {false, true}) {
      const MembershipTable& table = canaries ? tables.canaries : tables.subjects;
      if (!has_both_classes(table)) continue;
      for (Finding& finding : judge_population(table, parameters, canaries, context.seed)) {
        findings.push_back(std::move(finding));
      }
    }
    if (findings.empty()) findings.push_back(one_class());
    return findings;
  }
};

}  // namespace

std::unique_ptr<Probe> make_membership() { return std::make_unique<Membership>(); }

}  // namespace souvenir
