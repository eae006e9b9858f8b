// One-run audit: how much privacy loss one training run proves, from canaries that a fair coin put
// into it once, or not at all.

#include <algorithm>
#include <cmath>

#include "harness/config.h"
#include "harness/error.h"
#include "metrics/epsilon.h"
#include "metrics/mann_whitney.h"
#include "metrics/reason.h"
#include "metrics/rng.h"
#include "probes/comparison.h"
#include "probes/finding_parts.h"
#include "probes/membership_scores.h"
#include "probes/outcome.h"
#include "probes/registry.h"
#include "probes/stable_hash.h"

namespace souvenir {

namespace {

using nlohmann::json;

const ProbeInfo kOneRunAudit = {
    .name = "one_run_audit",
    .version = "1",
    .goal = "Bound the privacy loss of training from below, by guessing what a coin decided",
    .source = "Steinke, Nasr and Jagielski (2023), Privacy auditing with one (1) training run"};

// Parameters in a suite, all fixed before anything is scored.
//
//   delta        of the (epsilon, delta) that is bounded
//   guess_share  share of the canaries guessed on: the highest scores called in, as many of the
//                lowest called out, the rest abstained from
//   score        what they are sorted by: one of attack_names(), or the canary's exposure, which
//                needs `canary_exposure` in the suite and compares canaries of different templates
struct Parameters {
  double delta = 1e-5;
  double guess_share = 0.5;
  std::string score = "loss";
  ComparisonRules rules;
};

std::vector<std::string> score_names() {
  std::vector<std::string> names = attack_names();
  names.emplace_back("exposure");
  return names;
}

Parameters parse(const json& parameters, const std::string& document) {
  ConfigObject object(parameters, document, "/probes/one_run_audit");
  Parameters result;
  result.delta = object.number("delta", 0.0, 0.999999, 1e-5);
  result.guess_share = object.number("guess_share", 1e-6, 1.0, 0.5);
  result.score = object.text("score", "loss");
  const std::vector<std::string> names = score_names();
  if (std::find(names.begin(), names.end(), result.score) == names.end()) {
    object.fail("score", "not a score; the nearest is \"" + nearest(result.score, names) + "\"");
  }
  result.rules.min_n = object.integer("min_n", 2, 1LL << 40, 100);
  result.rules.min_controls = object.integer("min_controls", 1, 1LL << 40, 10);
  object.finish();
  return result;
}

json to_json(const Parameters& p) {
  return {{"delta", p.delta},
          {"guess_share", p.guess_share},
          {"score", p.score},
          {"min_n", p.rules.min_n},
          {"min_controls", p.rules.min_controls}};
}

// One canary that a coin decided on, to be planted once.
//
//   lot  breaks ties between equal scores without looking at the coin
struct CoinCanary {
  double score = 0.0;
  std::uint64_t lot = 0;
  bool planted = false;
};

// Scores of all canaries, by what the experiment did with them.
//
//   undefined  canaries of the once tier without such a score
struct Scores {
  std::vector<CoinCanary> once;
  std::vector<double> left_out_by_coin;
  std::vector<double> held_out;
  std::vector<double> planted_most;
  std::int64_t canaries = 0;
  std::int64_t undefined = 0;
  std::string reason;
};

TokenScore score_of(const JudgedString& string, const Parameters& parameters) {
  if (parameters.score != "exposure") return attack_score(parameters.score, string, {});
  if (!string.rank || string.rank->candidates < 1) return {std::nullopt, because("not_ranked"), 0};
  return {-string.rank->rank / (static_cast<double>(string.rank->candidates) + 1.0), {}, 0};
}

Scores read_scores(StringCursor& strings, const Parameters& parameters, std::uint64_t seed) {
  const auto lot = [&](const std::string& subject) {
    return Rng(seed, "one run ties", {stable_hash(subject)}).next();
  };
  Scores scores;
  JudgedString string;
  while (strings.next(string)) {
    if (!string.canary) continue;
    ++scores.canaries;
    const CanaryRole& role = *string.canary;
    const bool once = role.coin && role.tier == 1;
    const TokenScore score = score_of(string, parameters);
    if (!score.value) {
      scores.undefined += once ? 1 : 0;
      scores.reason = score.reason;
      continue;
    }
    if (once) scores.once.push_back({*score.value, lot(string.subject), role.planted});
    if (role.planted && role.most_often) scores.planted_most.push_back(*score.value);
    if (!role.planted) {
      (role.coin ? scores.left_out_by_coin : scores.held_out).push_back(*score.value);
    }
  }
  // By score, then by lot: whatever order the strings came in.
  std::sort(scores.once.begin(), scores.once.end(), [](const CoinCanary& a, const CoinCanary& b) {
    return a.score != b.score ? a.score > b.score : a.lot < b.lot;
  });
  return scores;
}

OneRunGuesses guess(const std::vector<CoinCanary>& sorted, double share) {
  const auto m = static_cast<std::int64_t>(sorted.size());
  const auto side =
      static_cast<std::int64_t>(std::floor(share * static_cast<double>(m) / 2.0 + 1e-9));
  OneRunGuesses guesses{.canaries = m, .guesses = 2 * side, .correct = 0};
  for (std::int64_t i = 0; i < side; ++i) {
    guesses.correct += sorted[static_cast<std::size_t>(i)].planted ? 1 : 0;
    guesses.correct += sorted[static_cast<std::size_t>(m - 1 - i)].planted ? 0 : 1;
  }
  return guesses;
}

Finding base(const Parameters& parameters) {
  Finding finding = new_finding(kOneRunAudit,
                                {"epsilon_lower_bound",
                                 {{"delta", parameters.delta},
                                  {"guess_share", parameters.guess_share},
                                  {"score", parameters.score}}},
                                {});
  finding.estimate.unit = "epsilon";
  return finding;
}

Finding not_asked(const Parameters& parameters, std::string code, const std::string& reason) {
  Finding finding = base(parameters);
  finding.estimate.reason = reason;
  finding.outcome = Outcome::not_tested;
  finding.outcome_reason = {std::move(code), reason, {}};
  return finding;
}

// Planted never, by the coin or beforehand: the same thing, unless something is wrong.
std::optional<bool> held_out_sound(const Scores& scores) {
  if (scores.held_out.empty() || scores.left_out_by_coin.empty()) return std::nullopt;
  const double one = mann_whitney_p_value(scores.held_out, scores.left_out_by_coin);
  const double other = mann_whitney_p_value(scores.left_out_by_coin, scores.held_out);
  return 2.0 * std::min(one, other) >= kUnsound;
}

std::optional<bool> most_planted_seen(const Scores& scores) {
  std::vector<double> never = scores.left_out_by_coin;
  never.insert(never.end(), scores.held_out.begin(), scores.held_out.end());
  if (scores.planted_most.empty() || never.empty()) return std::nullopt;
  return mann_whitney_p_value(scores.planted_most, never) < kComparisonAlpha;
}

void add_caveats(Finding& finding, const Scores& scores, const OneRunGuesses& guesses) {
  finding.caveats.push_back(
      {"guesses_fixed",
       std::to_string(guesses.guesses) + " guesses, as many as the suite had fixed beforehand",
       static_cast<double>(guesses.guesses)});
  finding.caveats.push_back(
      {"lower_bound_only",
       "a lower bound: 0 means that nothing was proved, not that nothing was lost",
       {}});
  add_caveat(finding, scores.undefined, "score_undefined",
             "strings have no such score and are left out");
}

Finding judge_scores(const Scores& scores, const Parameters& parameters) {
  const OneRunGuesses guesses = guess(scores.once, parameters.guess_share);
  Finding finding = base(parameters);
  finding.estimate = one_run_estimate(guesses, parameters.delta);
  if (guesses.guesses > 0) {
    finding.minimum_detectable = largest_provable_epsilon(guesses.canaries, guesses.guesses,
                                                          parameters.delta, kComparisonAlpha);
  }
  add_caveats(finding, scores, guesses);
  const auto held_out = static_cast<std::int64_t>(scores.held_out.size());
  finding.controls.push_back(
      held_out_control(held_out, parameters.rules, held_out_sound(scores), "", finding.estimate));
  finding.controls.push_back(planted_most_control(
      most_planted_seen(scores), static_cast<std::int64_t>(scores.planted_most.size()), ""));
  // A family of one.
  finding.estimate.family = kOneRunAudit.name + "/epsilon_lower_bound";
  finding.estimate.p_adjusted = finding.estimate.p_value;
  decide_comparison(finding,
                    {.n = guesses.canaries,
                     .controls = held_out,
                     .told = "the coin is guessed better than any training with epsilon 0 allows"},
                    parameters.rules);
  suppress_if_small(finding);
  return finding;
}

class OneRunAudit : public Probe {
 public:
  const ProbeInfo& info() const override { return kOneRunAudit; }

  json resolve(const json& parameters, const std::string& document) const override {
    return to_json(parse(parameters, document));
  }

  ProbeNeeds needs(const ProbeContext& context) const override {
    const Parameters parameters = parse(context.parameters, "suite");
    ProbeNeeds needs;
    needs.lowercase = parameters.score == "lowercase";
    needs.reference = context.reference && parameters.score != "exposure" &&
                      attack_needs_reference(parameters.score);
    return needs;
  }

  std::vector<Finding> judge(const ProbeContext& context, StringCursor& strings) const override {
    const Parameters parameters = parse(context.parameters, "suite");
    const Scores scores = read_scores(strings, parameters, context.seed);
    if (scores.canaries == 0) {
      return {not_asked(parameters, "no_canaries", because("no_canaries_given"))};
    }
    if (context.inclusion.value_or(0.5) != 0.5) {
      return {not_asked(parameters, "unfair_coin", because("unfair_coin"))};
    }
    if (scores.once.empty()) {
      return {not_asked(parameters, "no_canary_once",
                        scores.undefined > 0 ? because("no_score", {scores.reason})
                                             : because("none_planted_once"))};
    }
    return {judge_scores(scores, parameters)};
  }
};

}  // namespace

std::unique_ptr<Probe> make_one_run_audit() { return std::make_unique<OneRunAudit>(); }

}  // namespace souvenir
