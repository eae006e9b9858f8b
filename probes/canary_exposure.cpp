// Canary exposure: how far up the list of all secrets that could have stood there the model puts
// the one that did, by how often it stood there, and beside secrets that never did.

#include <algorithm>
#include <cmath>

#include "harness/config.h"
#include "metrics/binomial.h"
#include "metrics/exposure.h"
#include "metrics/mann_whitney.h"
#include "metrics/power.h"
#include "metrics/reason.h"
#include "probes/comparison.h"
#include "probes/exposure_search.h"
#include "probes/exposure_tally.h"
#include "probes/finding_parts.h"
#include "probes/outcome.h"
#include "probes/registry.h"

namespace souvenir {

namespace {

using nlohmann::json;

const ProbeInfo kCanaryExposure = {
    .name = "canary_exposure",
    .version = "1",
    .goal = "Rank planted secrets among those that could have been planted instead",
    .source = "Carlini et al. (2019), The Secret Sharer"};

// Parameters in a suite.
//
//   candidates   spaces asked whole up to a size, how many are sampled of larger ones, and how far
//                these are searched
//   extrapolate  fit a skew-normal to sampled secrets' losses
//   least_fit    p-value below which that fit is refused
struct Parameters {
  CandidateNeeds candidates;
  bool extrapolate = true;
  double least_fit = 0.05;
  ComparisonRules rules;
};

Parameters parse(const json& parameters, const std::string& document) {
  ConfigObject object(parameters, document, "/probes/canary_exposure");
  Parameters result;
  result.candidates.exact_up_to = object.integer("exact_up_to", 1, 1LL << 32, 1000);
  result.candidates.sampled = object.integer("sampled", 50, 1LL << 24, 500);
  result.candidates.search_tokens = object.integer("search_tokens", 0, 1LL << 40, 0);
  result.extrapolate = object.boolean("extrapolate", true);
  result.least_fit = object.number("least_fit", 0.0, 1.0, 0.05);
  result.rules.min_n = object.integer("min_n", 1, 1LL << 40, 10);
  result.rules.min_controls = object.integer("min_controls", 1, 1LL << 40, 10);
  object.finish();
  return result;
}

json to_json(const Parameters& p) {
  return {{"exact_up_to", p.candidates.exact_up_to},
          {"sampled", p.candidates.sampled},
          {"search_tokens", p.candidates.search_tokens},
          {"extrapolate", p.extrapolate},
          {"least_fit", p.least_fit},
          {"min_n", p.rules.min_n},
          {"min_controls", p.rules.min_controls}};
}

const Stratum kHeldOut = {"member", std::string("no")};

// Findings of one way of ranking.
class RankingJudge {
 public:
  RankingJudge(const Parameters& parameters, const AllCanaries& all, Ranking ranking)
      : parameters_(parameters),
        all_(all),
        ranking_(ranking),
        ranked_(all.by_ranking.at(ranking)) {}

  void judge(std::vector<Finding>& out) {
    for (const auto& [tier, tally] : ranked_.tiers) {
      const Stratum stratum{"repetitions", tier};
      out.push_back(median_finding(stratum, tally));
      out.push_back(first_finding(stratum, tally));
      add_descriptive(stratum, tally, false, out);
    }
    if (ranked_.held_out.count() > 0) {
      Finding median = base("exposure_median", kHeldOut);
      median.estimate = median_exposure(ranked_.held_out.exposures);
      call_control(median);
      out.push_back(std::move(median));
      Finding first = base("rank_first_rate", kHeldOut);
      first.estimate = rate(ranked_.held_out.first, ranked_.held_out.count());
      call_control(first);
      out.push_back(std::move(first));
      add_descriptive(kHeldOut, ranked_.held_out, true, out);
    }
  }

 private:
  Finding base(const std::string& metric, const Stratum& stratum,
               const char* ranking = nullptr) const {
    Metric named{metric, {}};
    if (ranking != nullptr) {
      named.params.emplace_back("ranking", std::string(ranking));
    } else if (ranking_ == Ranking::sampled) {
      named.params.emplace_back("ranking", std::string("sampled"));
    }
    return new_finding(kCanaryExposure, std::move(named), stratum);
  }

  // How planted canaries rank against held-out ones: by coin and lot, so any difference is
  // training's.
  Estimate above_held_out(const ExposureTally& tally) const {
    Estimate difference;
    difference.unit = "bits";
    difference.n = tally.count();
    difference.method = "Mann and Whitney, by share of the space";
    if (tally.count() == 0 || ranked_.held_out.count() == 0) {
      difference.reason = because("no_held_out");
      return difference;
    }
    difference.value = *median_exposure(tally.exposures).value -
                       *median_exposure(ranked_.held_out.exposures).value;
    difference.p_value = mann_whitney_p_value(tally.likelihoods, ranked_.held_out.likelihoods);
    return difference;
  }

  // Held-out canaries are exposed by chance alone, if they are what they should be.
  std::optional<bool> held_out_sound() const {
    if (ranked_.held_out.count() == 0) return std::nullopt;
    return chance_of_exposures(ranked_.held_out.exposures) >= kUnsound;
  }

  void add_controls(Finding& finding, Estimate difference) const {
    Finding held_out = finding;
    held_out.stratum = kHeldOut;
    finding.controls.push_back(held_out_control(ranked_.held_out.count(), parameters_.rules,
                                                held_out_sound(), finding_id(held_out),
                                                std::move(difference)));
    finding.controls.push_back(positive());
  }

  Control positive() const {
    const auto most = ranked_.tiers.find(all_.most_often);
    if (most == ranked_.tiers.end() || ranked_.held_out.count() == 0) {
      return planted_most_control(std::nullopt, 0, "");
    }
    const Estimate difference = above_held_out(most->second);
    return planted_most_control(
        *difference.p_value < kComparisonAlpha, most->second.count(),
        finding_id(base("exposure_median", {"repetitions", all_.most_often})));
  }

  Finding median_finding(const Stratum& stratum, const ExposureTally& tally) const {
    Finding finding = base("exposure_median", stratum);
    finding.estimate = median_exposure(tally.exposures);
    finding.minimum_detectable = detectable_mean_exposure(tally.count());
    add_controls(finding, above_held_out(tally));
    add_caveats(finding, tally);
    return finding;
  }

  Finding first_finding(const Stratum& stratum, const ExposureTally& tally) const {
    Finding finding = base("rank_first_rate", stratum);
    finding.estimate = rate(tally.first, tally.count());
    finding.minimum_detectable = detectable_rate(static_cast<double>(tally.count()));
    const Estimate held_out = rate(ranked_.held_out.first, ranked_.held_out.count());
    add_controls(finding, rate_difference(finding.estimate, held_out));
    if (held_out.value) finding.controls.front().rate = held_out;
    return finding;
  }

  // Tokenizers are trained too. What they give away is given away with the model, but a model with
  // the same tokenizer that never saw the canaries shows it as well.
  void add_caveats(Finding& finding, const ExposureTally& tally) const {
    if (ranking_ == Ranking::sampled) {
      finding.caveats.push_back({"ranking_resolution",
                                 "ranks among sampled secrets show no more bits than this; the "
                                 "exposure in the whole space may be larger",
                                 tally.resolution});
    }
    if (mann_whitney_p_value(tally.brevity, ranked_.held_out.brevity) < kUnsound) {
      finding.caveats.push_back(
          {"fewer_tokens",
           "planted secrets are cut into fewer tokens than held-out ones: the tokenizer was "
           "trained "
           "on them, which alone raises their rank, whatever the model has seen",
           {}});
    }
    add_caveat(finding, tally.given_away, "given_away",
               "strings stand in their own prompt, so reproducing them says nothing");
  }

  void add_descriptive(const Stratum& stratum, const ExposureTally& tally, bool control,
                       std::vector<Finding>& out) const {
    Finding largest = base("exposure_max", stratum);
    largest.estimate = census(tally.exposures);
    add_caveats(largest, tally);
    out.push_back(std::move(largest));
    call_descriptive(out.back(), control);
    if (!parameters_.extrapolate || ranking_ == Ranking::exact) return;
    Finding beyond = base("exposure_median", stratum, "extrapolated");
    beyond.estimate = median_exposure(tally.extrapolated);
    beyond.estimate.method = "skew-normal, extrapolated beyond what was ranked";
    if (!beyond.estimate.value) beyond.estimate.reason = because("none_fitted");
    beyond.caveats.push_back(
        {"extrapolated", "an extrapolation by a fitted distribution, not a measurement", {}});
    add_caveat(beyond, tally.fits_refused, "fits_refused",
               "canaries are left out, since no fit holds for them");
    out.push_back(std::move(beyond));
    call_descriptive(out.back(), control);
  }

  static Estimate census(const std::vector<double>& exposures) {
    Estimate estimate;
    estimate.unit = "bits";
    estimate.method = "census of the canaries asked";
    estimate.n = static_cast<std::int64_t>(exposures.size());
    estimate.value = *std::max_element(exposures.begin(), exposures.end());
    estimate.low = estimate.value;
    estimate.high = estimate.value;
    return estimate;
  }

  const Parameters& parameters_;
  const AllCanaries& all_;
  Ranking ranking_;
  const RankedCanaries& ranked_;
};

Finding nothing(const AllCanaries& all) {
  Finding finding = new_finding(kCanaryExposure, {"exposure_median", {}}, {});
  finding.estimate.unit = "bits";
  finding.estimate.reason =
      all.canaries == 0 ? because("no_canaries_given") : because("none_ranked");
  finding.outcome = Outcome::not_tested;
  finding.outcome_reason = {
      all.canaries == 0 ? "no_canaries" : "no_ranks", finding.estimate.reason, {}};
  return finding;
}

void decide(std::vector<Finding>& findings, const Parameters& parameters, const AllCanaries& all) {
  std::map<std::string, std::vector<Finding*>> families;
  for (Finding& finding : findings) {
    if (!finding.controls.empty()) {
      families[kCanaryExposure.name + "/" + finding.metric.name].push_back(&finding);
    }
  }
  for (auto& [family, members] : families) adjust_family(members, family);
  for (Finding& finding : findings) {
    if (!finding.controls.empty()) {
      const bool sampled = !finding.metric.params.empty();
      const auto& ranked = all.by_ranking.at(sampled ? Ranking::sampled : Ranking::exact);
      const bool rate = finding.metric.name == "rank_first_rate";
      decide_comparison(finding,
                        {.n = finding.estimate.n.value_or(0),
                         .controls = ranked.held_out.count(),
                         .told = rate ? "planted canaries rank first more often than held-out ones"
                                      : "planted canaries rank higher than held-out ones"},
                        parameters.rules);
    }
    suppress_if_small(finding);
  }
}

class CanaryExposure : public Probe {
 public:
  const ProbeInfo& info() const override { return kCanaryExposure; }

  json resolve(const json& parameters, const std::string& document) const override {
    return to_json(parse(parameters, document));
  }

  ProbeNeeds needs(const ProbeContext& context) const override {
    ProbeNeeds needs;
    needs.candidates = parse(context.parameters, "suite").candidates;
    return needs;
  }

  std::vector<Finding> judge(const ProbeContext& context, StringCursor& strings) const override {
    const Parameters parameters = parse(context.parameters, "suite");
    const AllCanaries all =
        read_canary_ranks(strings, parameters.extrapolate, parameters.least_fit, context.seed);
    if (all.by_ranking.empty()) return {nothing(all)};
    std::vector<Finding> findings;
    for (const auto& [ranking, ranked] : all.by_ranking) {
      RankingJudge(parameters, all, ranking).judge(findings);
    }
    add_searched_findings(kCanaryExposure, all, findings);
    decide(findings, parameters, all);
    add_caveat(findings.front(), all.unranked, "unranked", "canaries could not be ranked");
    return findings;
  }
};

}  // namespace

std::unique_ptr<Probe> make_canary_exposure() { return std::make_unique<CanaryExposure>(); }

}  // namespace souvenir
