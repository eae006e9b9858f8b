// The extraction-probability curve, and the numbers under it.

#include <algorithm>
#include <map>

#include "reports/chart.h"
#include "reports/html_results.h"

namespace souvenir {

namespace {

using nlohmann::json;

using Cell = std::map<double, const Finding*>;  // by number of queries

// The findings of one decoding rule and probability.
//
//   rows  by stratum, in the order of the evidence, controls last
struct Curve {
  double p = 1.0;
  const Finding* sample = nullptr;
  std::vector<std::pair<const Finding*, Cell>> rows;
};

struct RuleCurves {
  std::string rule;
  std::vector<Curve> curves;
};

std::string stratum_key(const Finding& finding) {
  const std::string id = finding_id(finding);
  return id.substr(id.rfind('/'));
}

template <typename List, typename Match, typename Value>
auto& find_or_add(List& list, const Match& match, const Value& value) {
  auto at = std::find_if(list.begin(), list.end(), match);
  if (at == list.end()) {
    list.push_back(value);
    at = std::prev(list.end());
  }
  return *at;
}

std::vector<RuleCurves> curves_of(const Words& words, const MetricGroup& group) {
  std::vector<RuleCurves> out;
  for (const Finding* finding : group.findings) {
    const auto n = number_param(finding->metric, "n");
    const double p = number_param(finding->metric, "p").value_or(1.0);
    if (!n || *n <= 0.0) {
      continue;
    }
    std::string rule = rule_name(words, finding->metric).markup;
    if (rule.empty()) {
      rule = param_list(words, finding->metric, {"n", "p"}).markup;
    }
    RuleCurves& figure = find_or_add(
        out, [&](const RuleCurves& c) { return c.rule == rule; }, RuleCurves{rule, {}});
    Curve& curve = find_or_add(
        figure.curves, [&](const Curve& c) { return c.p == p; }, Curve{p, finding, {}});
    const std::string key = stratum_key(*finding);
    auto& row = find_or_add(
        curve.rows, [&](const auto& r) { return stratum_key(*r.first) == key; },
        std::pair(finding, Cell{}));
    row.second[*n] = finding;
  }
  for (RuleCurves& figure : out) {
    for (Curve& curve : figure.curves) {
      std::stable_partition(curve.rows.begin(), curve.rows.end(),
                            [](const auto& row) { return !row.first->is_control; });
    }
  }
  return out;
}

std::vector<ChartPoint> points(const Words& words, const Cell& cells) {
  std::vector<ChartPoint> out;
  for (const auto& [n, finding] : cells) {
    const Estimate& e = finding->estimate;
    if (!e.value || finding->suppressed) {
      continue;
    }
    out.push_back({n, *e.value, e.low, e.high,
                   words.fill_plain("chart.aria_point", {{"share", words.plain_percent(*e.value)},
                                                         {"n", words.plain_number(n)}})});
  }
  return out;
}

const Cell* cells_of(const Curve& curve, auto&& match) {
  for (const auto& [finding, cells] : curve.rows) {
    if (match(*finding)) {
      return &cells;
    }
  }
  return nullptr;
}

CurvePanel panel_of(const Words& words, const Curve& curve) {
  CurvePanel panel;
  if (const Cell* cells = cells_of(curve, over_all)) {
    panel.strings = points(words, *cells);
  }
  const auto is_negative = [](const Finding& f) {
    return f.is_control && f.stratum.key == "member";
  };
  if (const Cell* cells = cells_of(curve, is_negative)) {
    panel.controls = points(words, *cells);
  }
  panel.x_label = words.plain("chart.x");
  panel.y_label = words.plain("chart.y");
  std::string list;
  for (const ChartPoint& point : panel.strings) {
    list += (list.empty() ? "" : words.plain("list.semicolon")) + point.label;
  }
  panel.aria =
      words.fill_plain("chart.aria", {{"p", words.plain_number(curve.p)}, {"points", list}});
  return panel;
}

double top_of(const std::vector<CurvePanel>& panels) {
  double top = 0.0;
  for (const CurvePanel& panel : panels) {
    for (const auto* series : {&panel.strings, &panel.controls}) {
      for (const ChartPoint& point : *series) {
        top = std::max({top, point.share, point.high.value_or(0.0)});
      }
    }
  }
  return axis_top(top);
}

json cell_json(const Words& words, const Finding* finding, bool wide) {
  if (finding == nullptr) {
    return {{"value_html", ""}};
  }
  const Estimate& e = finding->estimate;
  if (finding->suppressed || !e.value) {
    return {{"value_html", "\u2013"}};
  }
  const Html detail = wide ? estimate_interval(words, e) : hits_of(words, e);
  return {{"value_html", estimate_value(words, e).markup},
          {"detail_html", detail.markup},
          {"contradicted", finding->outcome == Outcome::contradicted}};
}

bool never_hit(const Cell& cells) {
  return std::all_of(cells.begin(), cells.end(), [](const auto& cell) {
    return cell.second->estimate.count == std::int64_t{0};
  });
}

// A group with how many strings it has.
Html in_brackets(const Words& words, const Finding& finding) {
  const Html name = stratum_name(words, finding.stratum);
  return finding.estimate.n
             ? Html{name.markup + " (" + words.count(*finding.estimate.n).markup + ")"}
             : name;
}

json table_json(const Words& words, const Curve& curve) {
  std::map<double, bool> queries;
  for (const auto& [finding, cells] : curve.rows) {
    for (const auto& [n, cell] : cells) {
      queries[n] = true;
    }
  }
  json head = json::array();
  for (const auto& [n, unused] : queries) {
    head.push_back({{"n_html", words.number(n).markup}});
  }
  json rows = json::array();
  std::vector<Html> without_hits;
  std::vector<Html> withheld;
  for (const auto& [finding, cells] : curve.rows) {
    const bool wide = over_all(*finding) || finding->is_control;
    if (!wide && (finding->suppressed || never_hit(cells))) {
      (finding->suppressed ? withheld : without_hits).push_back(in_brackets(words, *finding));
      continue;
    }
    json row = {{"name_html", stratum_name(words, finding->stratum).markup},
                {"control", finding->is_control},
                {"all", over_all(*finding)},
                {"cells", json::array()}};
    for (const auto& [n, unused] : queries) {
      const auto at = cells.find(n);
      row["cells"].push_back(cell_json(words, at == cells.end() ? nullptr : at->second, wide));
    }
    rows.push_back(std::move(row));
  }
  const std::string panel = words.fill_plain("chart.panel", {{"p", words.plain_number(curve.p)}});
  return {{"caption", words.fill_plain("chart.table", {{"panel", panel}})},
          {"head", head},
          {"rows", rows},
          {"without_hits_html", joined(words, without_hits).markup},
          {"withheld_html", joined(words, withheld).markup}};
}

}  // namespace

Html extraction_curves(const Page& page, const MetricGroup& group) {
  const Words& words = page.words;
  std::string out;
  for (const RuleCurves& figure : curves_of(words, group)) {
    std::vector<CurvePanel> panels;
    for (const Curve& curve : figure.curves) {
      panels.push_back(panel_of(words, curve));
    }
    const double top = top_of(panels);
    json model = {{"rule_html", figure.rule}, {"panels", json::array()}, {"tables", json::array()}};
    for (std::size_t i = 0; i < panels.size(); ++i) {
      panels[i].top = top;
      const Html title = words.fill("chart.panel", {{"p", words.number(figure.curves[i].p)}});
      model["panels"].push_back(
          {{"title_html", title.markup}, {"svg_html", curve_chart(panels[i], words).markup}});
      model["tables"].push_back(table_json(words, figure.curves[i]));
    }
    const bool flagged =
        std::any_of(group.findings.begin(), group.findings.end(), [](const Finding* finding) {
          return !finding->is_control && finding->outcome == Outcome::contradicted;
        });
    model["contradicted_html"] = flagged ? outcome_tag(words, Outcome::contradicted).markup : "";
    out += render_template("curves", model, words).markup;
  }
  return {out};
}

}  // namespace souvenir
