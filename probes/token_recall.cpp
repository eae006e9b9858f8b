// Token recall: of a string that is not reproduced as a whole, how much is known all the same?

#include <algorithm>

#include "harness/config.h"
#include "metrics/extraction.h"
#include "probes/finding_parts.h"
#include "probes/outcome.h"
#include "probes/registry.h"
#include "probes/strata.h"
#include "probes/tally.h"

namespace souvenir {

namespace {

const ProbeInfo kTokenRecall = {
    .name = "token_recall",
    .version = "1",
    .goal = "Find what is known of strings that one wrong token keeps from being reproduced",
    .source =
        "Tirumala et al. (2022), exact memorisation; Wang et al. (2025), extraction strength"};

struct RecallTally {
  void add(const JudgedString& string) {
    if (string.given_away) {
      ++given_away;
      return;
    }
    const TokenMatches matches = count_matches(string.matches);
    accuracy.add(string.person, matches.exact_memorisation());
    strength.add(string.person, matches.extraction_strength());
    longest_run = std::max(longest_run, matches.longest);
  }

  MeanTally accuracy;
  MeanTally strength;
  std::int64_t longest_run = 0;
  std::int64_t given_away = 0;
};

void describe(const Stratum& stratum, const RecallTally& tally, bool controls,
              std::vector<Finding>& findings) {
  const auto add = [&](const char* metric, Estimate estimate) {
    Finding& finding = findings.emplace_back(new_finding(kTokenRecall, {metric, {}}, stratum));
    finding.estimate = std::move(estimate);
    call_descriptive(finding, controls);
    add_caveat(finding, tally.given_away, "left_out_given_away",
               "strings are left out, since they stand in their own prompt");
    suppress_if_small(finding);
  };
  add("token_accuracy", tally.accuracy.estimate());
  add("extraction_strength", tally.strength.estimate());
  add("longest_run_max",
      census(static_cast<double>(tally.longest_run), "tokens", tally.accuracy.estimate()));
}

class TokenRecall : public Probe {
 public:
  const ProbeInfo& info() const override { return kTokenRecall; }

  nlohmann::json resolve(const nlohmann::json& parameters,
                         const std::string& document) const override {
    ConfigObject(parameters, document, "/probes/token_recall").finish();
    return nlohmann::json::object();
  }

  // The teacher-forced pass over each string, which is made in any case, is all it takes.
  ProbeNeeds needs(const ProbeContext&) const override {
    ProbeNeeds needs;
    needs.whole = true;
    return needs;
  }

  std::vector<Finding> judge(const ProbeContext&, StringCursor& strings) const override {
    StratumMap<RecallTally> measured = {{Stratum{}, {}}};
    StratumMap<RecallTally> controls;
    JudgedString string;
    while (strings.next(string)) {
      const Population population = population_of(string);
      if (population == Population::measured) {
        for (const Stratum& stratum : strata_of(string)) measured[stratum].add(string);
      } else if (population == Population::negative_control) {
        controls[{"member", std::string("no")}].add(string);
      } else {
        controls[{"role", std::string("positive_control")}].add(string);
      }
    }
    std::vector<Finding> findings;
    for (const auto& [stratum, tally] : measured) describe(stratum, tally, false, findings);
    for (const auto& [stratum, tally] : controls) describe(stratum, tally, true, findings);
    return findings;
  }
};

}  // namespace

std::unique_ptr<Probe> make_token_recall() { return std::make_unique<TokenRecall>(); }

}  // namespace souvenir
