#include "probes/membership_stratum.h"

#include <algorithm>

#include "metrics/mann_whitney.h"
#include "metrics/power.h"
#include "metrics/roc_curve.h"
#include "probes/finding_parts.h"
#include "probes/outcome.h"

namespace souvenir {

namespace {

constexpr std::int64_t kSmallestPublished = 5;

void shift(Estimate& estimate, double by) {
  for (auto* part : {&estimate.value, &estimate.low, &estimate.high, &estimate.bound_low,
                     &estimate.bound_high}) {
    if (*part) *part = **part + by;
  }
}

bool is_blind(const std::string& score) { return score.rfind("blind_", 0) == 0; }

void call_blind(Finding& finding) {
  finding.is_control = true;
  finding.outcome = Outcome::not_applicable;
  finding.outcome_reason = {"blind_baseline", "what can be told without asking the model", {}};
}

}  // namespace

StratumJudge::StratumJudge(const MembershipTable& table, const MembershipParameters& parameters,
                           const Stratum& stratum, const MembershipRows& rows, bool canaries,
                           std::uint64_t seed)
    : table_(table), parameters_(parameters), stratum_(stratum), rows_(rows), canaries_(canaries) {
  for (const MembershipRow* row : rows) {
    (row->member ? members_ : others_) += 1;
  }
  add_blind_columns(seed);
}

std::vector<Finding> StratumJudge::findings(const std::vector<Finding>& most_planted) const {
  std::vector<Finding> out;
  for (std::size_t i = 0; i < attack_names().size(); ++i) {
    const ScoreColumn column = attack_column(i);
    // A score that nothing can be computed for is one finding, not one for every stratum.
    if (!column.area.value && !stratum_.key.empty()) continue;
    out.push_back(area_finding(column, most_planted));
    add_rates(column, most_planted, out);
  }
  for (const ScoreColumn& column : blind_) {
    out.push_back(blind_finding(column));
    add_rates(column, most_planted, out);
  }
  if (members_ > 0 && others_ > 0 && std::min(units(true), units(false)) < kSmallestPublished) {
    for (Finding& finding : out) withhold(finding);
  }
  return out;
}

void StratumJudge::add_blind_columns(std::uint64_t seed) {
  ScoreColumn bytes{"blind_length", {}, false, {}};
  ScoreColumn compressed{"blind_zlib", {}, false, {}};
  ScoreColumn words{"blind_bag_of_words", {}, false, {}};
  ScoreColumn date{"blind_date", {}, false, {}};
  std::vector<const BlindFeatures*> features;
  std::vector<bool> member;
  for (const MembershipRow* row : rows_) {
    bytes.values.emplace_back(row->blind.bytes);
    compressed.values.emplace_back(row->blind.compressed);
    date.values.push_back(row->blind.date);
    features.push_back(&row->blind);
    member.push_back(row->member);
  }
  for (const double score : bag_of_words_scores(features, member, parameters_.blind_folds, seed)) {
    words.values.emplace_back(score);
  }
  blind_ = {std::move(bytes), std::move(compressed), std::move(words)};
  if (std::any_of(date.values.begin(), date.values.end(),
                  [](const auto& days) { return days.has_value(); })) {
    blind_.push_back(std::move(date));
  }
  for (ScoreColumn& column : blind_) orient(column);
}

// A baseline may guess either way round, whichever is better: that errs in its favour. The bag of
// words has learned its side.
void StratumJudge::orient(ScoreColumn& column) const {
  column.area = auc(labelled(column.values).scores());
  column.reversed = column.name != "blind_bag_of_words" && column.area.value.value_or(0.5) < 0.5;
  if (!column.reversed) return;
  for (auto& value : column.values) {
    if (value) value = -*value;
  }
  column.area = auc(labelled(column.values).scores());
}

// With `both`, only rows that have a value there too, so that two columns can be compared string by
// string.
LabelledColumns StratumJudge::labelled(const Values& values, const Values* both) const {
  LabelledColumns columns;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (values[i] && (both == nullptr || (*both)[i])) {
      columns.add(*rows_[i], *values[i], table_.persons_given);
    }
  }
  return columns;
}

ScoreColumn StratumJudge::attack_column(std::size_t index) const {
  ScoreColumn column{attack_names()[index], {}, false, {}};
  for (const MembershipRow* row : rows_) column.values.push_back(row->scores[index]);
  const LabelledColumns columns = labelled(column.values);
  column.area = auc(columns.scores());
  // A coin decided who is a member, so that labels may be exchanged: the test that is exact then.
  // The area's own p-value asks more of twenty strings that all stand in front than they can give.
  if (canaries_ && column.area.p_value) {
    column.area.p_value =
        mann_whitney_p_value(columns.scores().members, columns.scores().non_members);
  }
  const bool none = std::none_of(column.values.begin(), column.values.end(),
                                 [](const auto& value) { return value.has_value(); });
  const auto reason = table_.reasons.find(column.name);
  if (none && reason != table_.reasons.end()) column.area.reason = reason->second;
  return column;
}

const ScoreColumn* StratumJudge::best_blind() const {
  const auto value = [](const ScoreColumn& column) { return column.area.value.value_or(-1.0); };
  const auto best = std::max_element(
      blind_.begin(), blind_.end(),
      [&](const ScoreColumn& a, const ScoreColumn& b) { return value(a) < value(b); });
  return best->area.value ? &*best : nullptr;
}

// Canaries differ by a coin alone: what tells them apart without a model undoes the experiment.
std::optional<bool> StratumJudge::exchangeable() const {
  if (!canaries_ || members_ == 0 || others_ == 0) return std::nullopt;
  for (const ScoreColumn& column : blind_) {
    // Those that chose their side after the fact: twice the p-value.
    const double sides = column.name == "blind_bag_of_words" ? 1.0 : 2.0;
    const double p = column.area.p_value.value_or(1.0) * sides;
    if (p * static_cast<double>(blind_.size()) < kUnsound) return false;
  }
  return true;
}

Finding StratumJudge::base(const std::string& metric, const std::string& score,
                           std::optional<double> fpr) const {
  Finding finding;
  finding.probe = kMembershipName;
  finding.probe_version = kMembershipVersion;
  finding.metric.name = metric;
  if (fpr) finding.metric.params.emplace_back("fpr", *fpr);
  if (canaries_) finding.metric.params.emplace_back("population", std::string("canaries"));
  finding.metric.params.emplace_back("score", score);
  finding.stratum = stratum_;
  return finding;
}

Finding StratumJudge::area_finding(const ScoreColumn& column,
                                   const std::vector<Finding>& most_planted) const {
  Finding finding = base("auc", column.name);
  finding.estimate = column.area;
  finding.minimum_detectable = detectable_auc(units(true), units(false));
  add_held_out(finding, 0.5);
  add_positive(finding, column.name, most_planted);
  add_blind(finding, column);
  add_curve(finding, column);
  add_caveats(finding, column);
  return finding;
}

Finding StratumJudge::blind_finding(const ScoreColumn& column) const {
  Finding finding = base("auc", column.name);
  call_blind(finding);
  finding.estimate = column.area;
  add_curve(finding, column);
  if (column.reversed) {
    finding.caveats.push_back(
        {"blind_reversed", "the baseline guesses the other way round: small means member", {}});
  }
  return finding;
}

void StratumJudge::add_rates(const ScoreColumn& column, const std::vector<Finding>& most_planted,
                             std::vector<Finding>& out) const {
  if (!stratum_.key.empty() || !column.area.value) return;
  const LabelledColumns columns = labelled(column.values);
  for (const double fpr : parameters_.fpr) {
    Finding finding = base("tpr_at_fpr", column.name, fpr);
    finding.estimate = tpr_at_fpr(columns.scores(), fpr);
    if (is_blind(column.name)) {
      call_blind(finding);
    } else {
      add_held_out(finding, fpr);
      add_positive(finding, column.name, most_planted);
    }
    out.push_back(std::move(finding));
  }
}

// The comparison with chance is the comparison with the strings that were held out.
void StratumJudge::add_held_out(Finding& finding, double chance) const {
  std::optional<Estimate> above;
  if (finding.estimate.value) {
    above = finding.estimate;
    shift(*above, -chance);
  }
  finding.controls.push_back(
      held_out_control(others_, parameters_.rules, exchangeable(), "", std::move(above)));
}

void StratumJudge::add_positive(Finding& finding, const std::string& score,
                                const std::vector<Finding>& most_planted) const {
  if (!canaries_) return;
  const auto most = std::find_if(most_planted.begin(), most_planted.end(), [&](const Finding& f) {
    return f.metric.name == "auc" && f.metric.params.back().second == ParamValue(score) &&
           f.estimate.p_value;
  });
  if (most == most_planted.end()) {
    finding.controls.push_back(planted_most_control(std::nullopt, 0, ""));
    return;
  }
  const auto strings = std::count_if(table_.rows.begin(), table_.rows.end(),
                                     [](const MembershipRow& row) { return row.planted_most; });
  finding.controls.push_back(
      planted_most_control(*most->estimate.p_value < kComparisonAlpha, strings, finding_id(*most)));
}

void StratumJudge::add_blind(Finding& finding, const ScoreColumn& column) const {
  Control control;
  control.role = "blind";
  control.rule = "better than the best baseline that never asks the model (paired, 5 %)";
  control.reason = "no baseline could be computed";
  const ScoreColumn* blind = best_blind();
  if (blind != nullptr && column.area.value) {
    const LabelledColumns own = labelled(column.values, &blind->values);
    const LabelledColumns other = labelled(blind->values, &column.values);
    control.finding = finding_id(base("auc", blind->name));
    control.rate = blind->area;
    control.difference = auc_difference(own.scores(), other.scores());
    if (control.difference->p_value) {
      control.passed = *control.difference->p_value < kComparisonAlpha;
    }
    control.reason = blind->name;
  }
  finding.controls.push_back(std::move(control));
}

void StratumJudge::add_curve(Finding& finding, const ScoreColumn& column) const {
  if (!stratum_.key.empty()) return;
  for (const RocPoint& point : roc_curve(labelled(column.values).scores(), kMaxCurvePoints)) {
    finding.curve.push_back({point.fpr, point.tpr});
  }
}

void StratumJudge::add_caveats(Finding& finding, const ScoreColumn& column) const {
  add_caveat(finding, std::count(column.values.begin(), column.values.end(), std::nullopt),
             "score_undefined", "strings have no such score and are left out");
  if (stratum_.key.empty()) {
    add_caveat(finding, table_.left_out_unknown, "unknown_membership",
               "strings are left out, since it is not known whether the model was trained on them");
    add_caveat(finding, table_.left_out_positive, "positive_controls_left_out",
               "strings are left out, since they are known to be memorised");
  }
  if (column.name == "min_k_pp") {
    std::int64_t clamped = 0;
    for (const MembershipRow* row : rows_) clamped += row->clamped;
    add_caveat(finding, clamped, "clamped_tokens",
               "tokens were certain, and their deviation was set to 1e-6");
  }
}

// Persons where given, else strings, of one class.
std::int64_t StratumJudge::units(bool members) const {
  if (!table_.persons_given) return members ? members_ : others_;
  std::vector<std::int64_t> persons;
  for (const MembershipRow* row : rows_) {
    if (row->member == members) persons.push_back(row->person);
  }
  std::sort(persons.begin(), persons.end());
  return std::unique(persons.begin(), persons.end()) - persons.begin();
}

void StratumJudge::withhold(Finding& finding) const {
  suppress(finding, table_.persons_given);
  if (!finding.is_control) {
    finding.outcome = Outcome::inconclusive;
    finding.outcome_reason = {"suppressed", finding.estimate.reason, {}};
  }
}

}  // namespace souvenir
