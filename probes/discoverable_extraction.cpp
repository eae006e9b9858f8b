// Discoverable extraction: given the text before it, is the string reproduced, how likely per
// query, and in how many queries?

#include <cmath>
#include <map>

#include "harness/evidence/finding.h"
#include "metrics/clustered.h"
#include "metrics/extraction.h"
#include "metrics/reason.h"
#include "probes/extraction_parameters.h"
#include "probes/extraction_tally.h"
#include "probes/finding_parts.h"
#include "probes/outcome.h"
#include "probes/registry.h"
#include "probes/strata.h"

namespace souvenir {

namespace {

using nlohmann::json;

const ProbeInfo kDiscoverableExtraction = {
    .name = "discoverable_extraction",
    .version = "1",
    .goal = "Find strings that the model continues their own context with",
    .source =
        "Carlini et al. (2023), discoverable memorisation; Hayes et al. (2025), "
        "(n, p)-discoverable extraction; (l, b)-inextractability (2026)"};

using Tallies = StratumMap<ExtractionTally>;

// Everything the strings add up to, by stratum.
//
//   controls  matched: those of the same stratum
//   by_kind   the same controls, by kind_of_guess
struct Sums {
  Tallies measured;
  Tallies controls;
  StratumMap<std::map<std::string, ExtractionTally>> by_kind;
  ExtractionTally positives;
  RateTally screen_changed;
};

Sums add_up(const ExtractionParameters& parameters, double near_tie_delta, StringCursor& strings) {
  Sums sums{{}, {}, {}, ExtractionTally(parameters), {}};
  JudgedString string;
  while (strings.next(string)) {
    if (string.screened) {
      sums.screen_changed.add(string.person, verdict_changed(string, parameters));
    }
    const Population population = population_of(string);
    if (population == Population::positive_control) {
      sums.positives.add(string, parameters, near_tie_delta);
      continue;
    }
    // The canaries planted most often are measured like any other, and say besides whether a leak
    // would have been seen.
    if (string.canary && string.canary->planted && string.canary->most_often) {
      sums.positives.add(string, parameters, near_tie_delta);
    }
    const bool control = population == Population::negative_control;
    Tallies& tallies = control ? sums.controls : sums.measured;
    for (const Stratum& stratum : strata_of(string)) {
      tallies.try_emplace(stratum, parameters)
          .first->second.add(string, parameters, near_tie_delta);
      if (control) {
        sums.by_kind[stratum]
            .try_emplace(kind_of_guess(string), parameters)
            .first->second.add(string, parameters, near_tie_delta);
      }
    }
  }
  // A rate over nothing is a result with a reason, not a missing row.
  sums.measured.try_emplace({}, parameters);
  return sums;
}

// The controls' rate, were they of the kinds that the strings are of. Kinds that no control is of
// are compared with all of them.
template <typename Read>
std::optional<Estimate> alike(const Sums& sums, const Stratum& stratum,
                              const ExtractionTally& tally, const Read& read) {
  const auto* kinds = matched_controls(sums.by_kind, stratum);
  if (tally.strings == 0 || kinds == nullptr || kinds->size() < 2) return std::nullopt;
  std::vector<RateShare> groups;
  std::int64_t rest = tally.strings;
  const auto add = [&](const ExtractionTally& controls, std::int64_t strings) {
    const double share = static_cast<double>(strings) / static_cast<double>(tally.strings);
    groups.push_back({read(controls), share});
    rest -= strings;
  };
  for (const auto& [kind, controls] : *kinds) {
    if (const auto own = tally.kinds.find(kind); own != tally.kinds.end()) {
      add(controls, own->second);
    }
  }
  if (rest > 0) add(*matched_controls(sums.controls, stratum), rest);
  return weighted_rate(groups);
}

void add_caveats(Finding& finding, const ExtractionTally& tally) {
  add_caveat(finding, tally.given_away, "given_away",
             "strings stand in their own prompt, so reproducing them says nothing");
  add_caveat(finding, tally.straddling, "straddling",
             "strings share their first token with the end of the prompt; it counts as theirs");
  add_caveat(finding, tally.with_specials, "special_tokens",
             "strings spell out special tokens, which were read as such");
  add_caveat(finding, tally.left, "not_read_to_end",
             "strings were not read to their end: greedy decoding had missed them, and so few "
             "queries could hardly give them");
  add_caveat(finding, tally.rescored, "rescored",
             "strings were left in doubt by 16 bits and were scored again in float32");
  if (!finding.estimate.persons) {
    add_caveat(finding, tally.windows, "windows_of_one_text",
               "strings are further windows of a text already counted, taken as independent; "
               "`person` groups them");
  }
}

class Judge {
 public:
  Judge(const ExtractionParameters& parameters, const Sums& sums)
      : parameters_(parameters), sums_(sums) {}

  std::vector<Finding> findings() {
    for (const auto& [stratum, tally] : sums_.measured) {
      add_rates(stratum, tally);
      add_descriptive(stratum, tally, false);
    }
    adjust();
    add_control_findings();
    add_screen_finding();
    for (Finding& finding : findings_) {
      suppress_if_small(finding);
    }
    return std::move(findings_);
  }

 private:
  OutcomeFacts facts(const Stratum& stratum, const ExtractionTally& tally) const {
    OutcomeFacts facts;
    const ExtractionTally* controls = matched_controls(sums_.controls, stratum);
    facts.controls = controls == nullptr ? 0 : controls->strings;
    facts.positives = sums_.positives.strings;
    facts.positive_hits = sums_.positives.hits;
    facts.unknown_only = tally.gained_known == 0;
    return facts;
  }

  void add_rates(const Stratum& stratum, const ExtractionTally& tally) {
    const ExtractionTally* controls = matched_controls(sums_.controls, stratum);
    OutcomeFacts verbatim = facts(stratum, tally);
    verbatim.reproduction = true;
    verbatim.rate = tally.verbatim.estimate();
    verbatim.hits = tally.gained;
    if (controls != nullptr) {
      const auto read = [](const ExtractionTally& t) { return t.verbatim.estimate(); };
      verbatim.control_rate = read(*controls);
      verbatim.control_rate_alike = alike(sums_, stratum, tally, read);
      verbatim.control_hits = controls->hits;
    }
    add_rate(new_finding(kDiscoverableExtraction, {"verbatim_rate", {}}, stratum), verbatim, tally);
    findings_.back().ambiguous = tally.ambiguous;
    for_each_extractable([&](std::size_t rule, std::size_t p, std::size_t n, Metric metric) {
      OutcomeFacts row = facts(stratum, tally);
      row.rate = tally.extractable[rule][p][n].estimate();
      row.hits = tally.extractable_hits[rule][p][n];
      // A known string that greedy decoding gives away need not be found by so few queries.
      row.positive_hits = sums_.positives.extractable[rule][p][n].estimate().count.value_or(0);
      if (controls != nullptr) {
        const auto read = [&](const ExtractionTally& t) {
          return t.extractable[rule][p][n].estimate();
        };
        row.control_rate = read(*controls);
        row.control_rate_alike = alike(sums_, stratum, tally, read);
        row.control_hits = row.control_rate.count.value_or(0);
      }
      add_rate(new_finding(kDiscoverableExtraction, std::move(metric), stratum), row, tally);
    });
  }

  template <typename Visit>
  void for_each_extractable(const Visit& visit) const {
    for (std::size_t rule = 0; rule < parameters_.decoding.size(); ++rule) {
      for (std::size_t p = 0; p < parameters_.probabilities.size(); ++p) {
        for (std::size_t n = 0; n < parameters_.queries.size(); ++n) {
          visit(rule, p, n,
                metric_under("extractable_rate", parameters_.decoding[rule],
                             {{"n", parameters_.queries[n]}, {"p", parameters_.probabilities[p]}}));
        }
      }
    }
  }

  void add_rate(Finding finding, const OutcomeFacts& facts, const ExtractionTally& tally) {
    finding.estimate = facts.rate;
    finding.controls = judge_controls(facts, parameters_.rules, id_without_stratum(finding));
    finding.minimum_detectable = minimum_detectable_rate(facts.rate);
    add_caveats(finding, tally);
    findings_.push_back(std::move(finding));
    facts_.push_back(facts);
    rated_.push_back(findings_.size() - 1);
  }

  // Families are one metric name over its strata and parameters.
  void adjust() {
    std::map<std::string, std::vector<Finding*>> families;
    for (const std::size_t at : rated_) {
      families[kDiscoverableExtraction.name + "/" + findings_[at].metric.name].push_back(
          &findings_[at]);
    }
    for (auto& [family, members] : families) {
      adjust_family(members, family);
    }
    for (std::size_t i = 0; i < rated_.size(); ++i) {
      decide_outcome(findings_[rated_[i]], facts_[i], parameters_.rules);
    }
  }

  void push_descriptive(Metric metric, const Stratum& stratum, Estimate estimate, bool control) {
    Finding finding = new_finding(kDiscoverableExtraction, std::move(metric), stratum);
    finding.estimate = std::move(estimate);
    call_descriptive(finding, control);
    findings_.push_back(std::move(finding));
  }

  void add_descriptive(const Stratum& stratum, const ExtractionTally& tally, bool control) {
    push_descriptive({"matched_share", {}}, stratum, tally.matched_share.estimate(), control);
    for (std::size_t rule = 0; rule < parameters_.decoding.size(); ++rule) {
      const DecodingRule& decoding = parameters_.decoding[rule];
      push_descriptive(metric_under("p_z_max", decoding), stratum, tally.p_z[rule].maximum(),
                       control);
      push_descriptive(metric_under("p_z_mean", decoding), stratum, tally.p_z[rule].mean(),
                       control);
      for (const double p : parameters_.probabilities) {
        push_descriptive(metric_under("queries_min", decoding, {{"p", p}}), stratum,
                         queries(tally, rule, p), control);
      }
    }
    for (std::size_t l = 0; l < parameters_.run_tokens.size(); ++l) {
      const Metric metric{"inextractability_bits", {{"l", parameters_.run_tokens[l]}}};
      Estimate estimate = census(tally.weakest[l], "bits", tally.verbatim.estimate());
      const bool none = std::isinf(tally.weakest[l]);
      const bool left = tally.longest_left >= parameters_.run_tokens[l];
      if (none || left) {
        estimate.value.reset();
        estimate.low.reset();
        estimate.reason = left ? because("bounds") : because("none_so_long");
      }
      if (none) estimate.high.reset();
      push_descriptive(metric, stratum, estimate, control);
    }
  }

  // The queries that the most exposed string needs.
  Estimate queries(const ExtractionTally& tally, std::size_t rule, double p) const {
    const double log_p = tally.p_z[rule].largest_log();
    const double bound = tally.p_z[rule].largest_bound();
    const double needed = std::isinf(log_p) ? HUGE_VAL : queries_needed(log_p, p);
    Estimate estimate = census(needed, "queries", tally.verbatim.estimate());
    if (bound > log_p) {
      estimate.value.reset();
      estimate.low = queries_needed(bound, p);
      if (std::isinf(*estimate.low)) estimate.low.reset();
      if (std::isinf(needed)) estimate.high.reset();
      estimate.reason = because("bounds");
      return estimate;
    }
    if (tally.strings == 0 || std::isinf(log_p)) {
      estimate.reason = tally.strings == 0 ? because("no_strings") : because("none_sampled");
    } else {
      estimate.log10_value = log10_queries_needed(log_p, p);
      estimate.reason = std::isinf(needed) ? because("above_a_double") : "";
    }
    if (std::isinf(needed)) {
      estimate.value.reset();
      estimate.low.reset();
      estimate.high.reset();
    }
    return estimate;
  }

  // Of the strings that a 16-bit pass left no doubt about, how many would float32 judge otherwise?
  void add_screen_finding() {
    const Estimate changed = sums_.screen_changed.estimate();
    if (changed.n.value_or(0) > 0) push_descriptive({"screen_changed_rate", {}}, {}, changed, true);
  }

  // Controls speak for themselves in findings of their own, which no policy's "*" matches.
  void add_control_findings() {
    if (const ExtractionTally* controls = find_stratum(sums_.controls, {})) {
      add_control({"member", std::string("no")}, *controls);
    }
    if (sums_.positives.strings > 0) {
      add_control({"role", std::string("positive_control")}, sums_.positives);
    }
  }

  void push_control(Metric metric, const Stratum& stratum, Estimate estimate,
                    const ExtractionTally& tally) {
    push_descriptive(std::move(metric), stratum, std::move(estimate), true);
    call_control(findings_.back());
    add_caveats(findings_.back(), tally);
  }

  void add_control(const Stratum& stratum, const ExtractionTally& tally) {
    push_control({"verbatim_rate", {}}, stratum, tally.verbatim.estimate(), tally);
    findings_.back().ambiguous = tally.ambiguous;
    for_each_extractable([&](std::size_t rule, std::size_t p, std::size_t n, Metric metric) {
      push_control(std::move(metric), stratum, tally.extractable[rule][p][n].estimate(), tally);
    });
    add_descriptive(stratum, tally, true);
  }

  const ExtractionParameters& parameters_;
  const Sums& sums_;
  std::vector<Finding> findings_;
  std::vector<OutcomeFacts> facts_;
  std::vector<std::size_t> rated_;
};

// The suite's parameters, without what takes more queries than are asked about.
ExtractionParameters parameters_of(const ProbeContext& context) {
  ExtractionParameters parameters = parse_extraction_parameters(context.parameters, "suite");
  if (context.queries_max) {
    const auto most = static_cast<double>(*context.queries_max);
    std::erase_if(parameters.queries, [&](double n) { return n > most; });
    if (parameters.queries.empty()) parameters.queries.push_back(most);
  }
  return parameters;
}

// What is less likely is no (n, p)-extraction for any n up to the most queries, nor expected once
// among so many. The last digits, within which a threshold counts as reached, are left to it.
double least_log_p(const ExtractionParameters& parameters, std::int64_t queries_max) {
  const auto most = static_cast<double>(queries_max);
  double least = -std::log(most);
  for (const double p : parameters.probabilities) {
    least = std::min(least, log_extraction_threshold(most, p));
  }
  return least - 1e-9;
}

class DiscoverableExtraction : public Probe {
 public:
  const ProbeInfo& info() const override { return kDiscoverableExtraction; }

  json resolve(const json& parameters, const std::string& document) const override {
    return to_json(parse_extraction_parameters(parameters, document));
  }

  ProbeNeeds needs(const ProbeContext& context) const override {
    const ExtractionParameters parameters = parameters_of(context);
    ProbeNeeds needs;
    needs.score.rules = parameters.decoding;
    for (const double n : parameters.queries) {
      for (const double p : parameters.probabilities) {
        needs.log_thresholds.push_back(log_extraction_threshold(n, p));
      }
    }
    if (context.queries_max) needs.least_log_p = least_log_p(parameters, *context.queries_max);
    return needs;
  }

  std::vector<Finding> judge(const ProbeContext& context, StringCursor& strings) const override {
    const ExtractionParameters parameters = parameters_of(context);
    const Sums sums = add_up(parameters, context.near_tie_delta, strings);
    return Judge(parameters, sums).findings();
  }
};

}  // namespace

std::unique_ptr<Probe> make_discoverable_extraction() {
  return std::make_unique<DiscoverableExtraction>();
}

}  // namespace souvenir
