// Membership inference: what each score tells apart, and what a blind baseline does without the
// model.

#include <algorithm>
#include <set>

#include "reports/chart.h"
#include "reports/html_results.h"

namespace souvenir {

namespace {

using nlohmann::json;

// Whether two findings are over the same strings, be one of them a blind baseline's.
bool same_sample(const Finding& a, const Finding& b) {
  return a.stratum.key == b.stratum.key && a.stratum.value == b.stratum.value &&
         of_canaries(a) == of_canaries(b);
}

Html sample_name(const Words& words, const Finding& finding) {
  const Html strings = stratum_name(words, finding.stratum);
  return of_canaries(finding) ? words.fill("membership.canaries", {{"strings", strings}}) : strings;
}

// One score on one group of strings.
struct ScoreRow {
  const Finding* auc = nullptr;
  std::vector<const Finding*> rates;  // true positive rates, by false positive rate

  double area() const { return auc->estimate.value.value_or(0.0); }
  const std::vector<CurvePoint>& curve() const {
    for (const Finding* finding : rates) {
      if (auc->curve.empty() && !finding->curve.empty()) {
        return finding->curve;
      }
    }
    return auc->curve;
  }
};

// All scores on one group of strings: the model's first, then the blind ones, the best first.
std::vector<ScoreRow> rows_of(const std::vector<MetricGroup>& groups, const Finding& sample) {
  std::vector<ScoreRow> rows;
  for (const MetricGroup& group : groups) {
    for (const Finding* finding : group.findings) {
      if (group.metric == "auc" && same_sample(*finding, sample)) {
        rows.push_back({finding, {}});
      }
    }
  }
  for (const MetricGroup& group : groups) {
    for (const Finding* finding : group.findings) {
      for (ScoreRow& row : rows) {
        if (group.metric == "tpr_at_fpr" && same_sample(*finding, sample) &&
            score_of(*finding) == score_of(*row.auc)) {
          row.rates.push_back(finding);
        }
      }
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const ScoreRow& a, const ScoreRow& b) {
    return std::pair(is_blind(*a.auc), -a.area()) < std::pair(is_blind(*b.auc), -b.area());
  });
  return rows;
}

const ScoreRow* best_blind(const std::vector<ScoreRow>& rows) {
  const auto at = std::find_if(rows.begin(), rows.end(),
                               [](const ScoreRow& row) { return is_blind(*row.auc); });
  return at == rows.end() ? nullptr : &*at;
}

json panel_json(const Words& words, const ScoreRow& row, const ScoreRow* blind, double least) {
  RocPanel panel;
  panel.score = row.curve();
  if (blind != nullptr) {
    panel.blind = blind->curve();
  }
  panel.least_rate = least;
  panel.x_label = words.plain("membership.x");
  panel.y_label = words.plain("membership.y");
  panel.aria = words.fill_plain("membership.aria", {{"auc", words.plain_number(row.area())}});
  const Html title = words.fill("membership.panel", {{"score", score_name(words, *row.auc)},
                                                     {"auc", words.number(row.area())}});
  return {{"title_html", title.markup}, {"svg_html", roc_chart(panel, words).markup}};
}

json panels_json(const Words& words, const std::vector<ScoreRow>& rows) {
  const ScoreRow* blind = best_blind(rows);
  double least = 0.1;
  for (const ScoreRow& row : rows) {
    least = std::min(least, least_rate_shown(row.curve()));
  }
  json panels = json::array();
  for (const ScoreRow& row : rows) {
    if (!is_blind(*row.auc) && row.curve().size() > 1) {
      panels.push_back(panel_json(words, row, blind, least));
    }
  }
  return panels;
}

std::set<double> rates_asked(const std::vector<ScoreRow>& rows) {
  std::set<double> out;
  for (const ScoreRow& row : rows) {
    for (const Finding* finding : row.rates) {
      out.insert(number_param(finding->metric, "fpr").value_or(0.0));
    }
  }
  return out;
}

json rate_cell(const Words& words, const ScoreRow& row, double rate) {
  const std::string label = words.fill_plain("membership.tpr", {{"fpr", words.plain_tick(rate)}});
  for (const Finding* finding : row.rates) {
    if (number_param(finding->metric, "fpr").value_or(0.0) == rate) {
      const Estimate& e = finding->estimate;
      const Html interval = e.value ? estimate_interval(words, e) : reason_of(words, e);
      return {{"label", label},
              {"value_html", finding->suppressed ? words.say("results.suppressed").markup
                                                 : estimate_value(words, e).markup},
              {"detail_html", finding->suppressed ? "" : interval.markup}};
    }
  }
  return {{"label", label}, {"value_html", ""}, {"detail_html", ""}};
}

// The English remark says itself why a score was not measured; that of other languages cannot.
Html word_reason(const Words& words, const Finding& finding) {
  const Html said = remark_text(words, finding.outcome_reason);
  const Html why = reason_of(words, finding.estimate);
  const bool whole = words.language() == Language::en || why.markup.empty() ||
                     finding.outcome_reason.code != "not_measured";
  return whole ? said : pair_of(words, said, why);
}

// An area under a curve is no rate: 0.71, not 71 %.
json score_json(const Words& words, const ScoreRow& row, const std::set<double>& rates) {
  const Finding& f = *row.auc;
  const Estimate& e = f.estimate;
  json out = {{"name_html", score_name(words, f).markup},
              {"control", is_blind(f) || f.is_control},
              {"auc_html", f.suppressed ? words.say("results.suppressed").markup
                           : e.value    ? words.number(*e.value).markup
                                        : words.say("results.no_value").markup},
              {"interval_html", ""},
              {"cells", json::array()},
              {"outcome_html", ""},
              {"reason_html", word_reason(words, f).markup}};
  if (e.low && e.high && *e.low < *e.high) {
    out["interval_html"] =
        words.fill("results.span", {{"low", words.number(*e.low)}, {"high", words.number(*e.high)}})
            .markup;
  }
  for (const double rate : rates) {
    out["cells"].push_back(rate_cell(words, row, rate));
  }
  if (!is_blind(f) && !f.is_control) {
    out["outcome_html"] = outcome_tag(words, f.outcome).markup;
  }
  return out;
}

json table_json(const Words& words, const std::vector<ScoreRow>& rows) {
  const std::set<double> rates = rates_asked(rows);
  json head = json::array();
  for (const double rate : rates) {
    head.push_back({{"label_html",
                     words.fill("membership.tpr", {{"fpr", words.exact_percent(rate)}}).markup}});
  }
  json lines = json::array();
  for (const ScoreRow& row : rows) {
    lines.push_back(score_json(words, row, rates));
  }
  const Finding& sample = *rows.front().auc;
  const json panels = panels_json(words, rows);
  return {{"title_html", sample_name(words, sample).markup},
          {"panels", panels},
          {"has_panels", !panels.empty()},
          {"head", head},
          {"rows", lines}};
}

}  // namespace

Html membership_results(const Page& page, const std::vector<MetricGroup>& groups) {
  const Words& words = page.words;
  std::vector<const Finding*> samples;
  std::set<std::string> narrow;
  for (const MetricGroup& group : groups) {
    for (const Finding* finding : group.findings) {
      const bool known = std::any_of(samples.begin(), samples.end(), [&](const Finding* other) {
        return same_sample(*other, *finding);
      });
      if (group.metric != "auc" || known) {
        continue;
      }
      if (over_all(*finding) || !finding->curve.empty()) {
        samples.push_back(finding);
      } else {
        narrow.insert(sample_name(words, *finding).markup);
      }
    }
  }
  json tables = json::array();
  for (const Finding* sample : samples) {
    narrow.erase(sample_name(words, *sample).markup);
    tables.push_back(table_json(words, rows_of(groups, *sample)));
  }
  json model = {
      {"tables", tables}, {"methods_html", method_line(words, groups).markup}, {"narrow_html", ""}};
  if (!narrow.empty()) {
    const auto number = static_cast<std::int64_t>(narrow.size());
    model["narrow_html"] = words.fill("membership.narrow", {{"n", words.count(number)}}).markup;
  }
  return render_template("membership", model, words);
}

}  // namespace souvenir
