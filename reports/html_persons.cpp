// Personal data: by kind of identifier, invented people beside real ones.

#include <algorithm>

#include "reports/chart.h"
#include "reports/html_results.h"

namespace souvenir {

namespace {

using nlohmann::json;

// What was measured on one kind of identifier under one way of asking.
struct KindRow {
  const Finding* exposed = nullptr;
  const Finding* excess = nullptr;
  const Finding* first = nullptr;
  const Finding* persons = nullptr;
};

// All kinds under one way of asking.
struct WayOfAsking {
  std::string params;
  std::vector<KindRow> rows;
  std::vector<const Finding*> controls;
};

const Finding* beside(const std::vector<MetricGroup>& groups, const char* metric,
                      const Finding& exposed) {
  const Finding* other_way = nullptr;
  for (const MetricGroup& group : groups) {
    for (const Finding* finding : group.findings) {
      if (group.metric == metric && !finding->is_control && same_stratum(*finding, exposed)) {
        if (same_params(finding->metric, exposed.metric)) {
          return finding;
        }
        // Ranks and persons do not depend on the way of asking.
        other_way = finding->metric.params.empty() ? finding : other_way;
      }
    }
  }
  return other_way;
}

std::vector<WayOfAsking> ways_of(const Words& words, const std::vector<MetricGroup>& groups) {
  std::vector<WayOfAsking> ways;
  for (const MetricGroup& group : groups) {
    for (const Finding* finding : group.findings) {
      if (group.metric != "exposed_rate") {
        continue;
      }
      const std::string params = param_list(words, finding->metric, {}).markup;
      auto at = std::find_if(ways.begin(), ways.end(),
                             [&](const WayOfAsking& way) { return way.params == params; });
      if (at == ways.end()) {
        ways.push_back({params, {}, {}});
        at = std::prev(ways.end());
      }
      if (finding->is_control) {
        at->controls.push_back(finding);
      } else {
        at->rows.push_back({finding, beside(groups, "excess_over_twins", *finding),
                            beside(groups, "true_value_rank_first_rate", *finding),
                            beside(groups, "persons_exposed", *finding)});
      }
    }
  }
  return ways;
}

const Control* twins_of(const Finding& finding) {
  for (const Control& control : finding.controls) {
    if (control.role == "negative" && control.rate && control.rate->value) {
      return &control;
    }
  }
  return nullptr;
}

double top_of(const WayOfAsking& way) {
  double top = 0.0;
  for (const KindRow& row : way.rows) {
    const Estimate& e = row.exposed->estimate;
    const Control* twins = twins_of(*row.exposed);
    top = std::max({top, e.high.value_or(e.value.value_or(0.0)),
                    twins == nullptr ? 0.0 : twins->rate->high.value_or(0.0)});
  }
  return axis_top(top);
}

json number_cell(const Words& words, const Finding* finding) {
  if (finding == nullptr || finding->suppressed || !finding->estimate.value) {
    return {{"value_html", ""}, {"detail_html", ""}};
  }
  return {{"value_html", estimate_value(words, finding->estimate).markup},
          {"detail_html", estimate_interval(words, finding->estimate).markup}};
}

// "13 of 32": persons of whom some identifier was given away, and persons asked about.
Html persons_of(const Words& words, const Estimate& estimate) {
  if (!estimate.count || !estimate.n) return {};
  return words.fill("results.of",
                    {{"count", words.count(*estimate.count)}, {"n", words.count(*estimate.n)}});
}

json row_json(const Words& words, const KindRow& row, double top) {
  const Finding& f = *row.exposed;
  json out = {{"name_html", stratum_name(words, f.stratum).markup},
              {"all", over_all(f)},
              {"suppressed", f.suppressed},
              {"strip_html", ""},
              {"value_html", estimate_value(words, f.estimate).markup},
              {"hits_html", hits_of(words, f.estimate).markup},
              {"twins_html", ""},
              {"twin_hits_html", ""},
              {"excess", number_cell(words, row.excess)},
              {"first", number_cell(words, row.first)},
              {"persons_html", ""},
              {"outcome_html", outcome_tag(words, f.outcome).markup},
              {"reason_html", remark_text(words, f.outcome_reason).markup}};
  const Control* twins = twins_of(f);
  if (f.suppressed) {
    return out;
  }
  if (twins != nullptr) {
    out["twins_html"] = estimate_value(words, *twins->rate).markup;
    out["twin_hits_html"] = hits_of(words, *twins->rate).markup;
    if (row.excess == nullptr && twins->difference && twins->difference->value) {
      out["excess"] = {{"value_html", estimate_value(words, *twins->difference).markup},
                       {"detail_html", estimate_interval(words, *twins->difference).markup}};
    }
  }
  if (f.estimate.value) {
    out["strip_html"] =
        strip_chart(
            rate_point(words, f.estimate),
            twins == nullptr ? std::nullopt : std::optional(rate_point(words, *twins->rate)), top,
            words)
            .markup;
  }
  if (row.persons != nullptr && !row.persons->suppressed) {
    out["persons_html"] = persons_of(words, row.persons->estimate).markup;
  }
  return out;
}

}  // namespace

Html person_results(const Page& page, const std::vector<MetricGroup>& groups) {
  const Words& words = page.words;
  json tables = json::array();
  for (const WayOfAsking& way : ways_of(words, groups)) {
    const double top = top_of(way);
    json rows = json::array();
    for (const KindRow& row : way.rows) {
      rows.push_back(row_json(words, row, top));
    }
    json controls = json::array();
    for (const Finding* control : way.controls) {
      controls.push_back(
          {{"text_html", pair_of(words, stratum_name(words, control->stratum),
                                 control->suppressed ? words.say("results.suppressed")
                                                     : hits_of(words, control->estimate))
                             .markup}});
    }
    tables.push_back({{"params_html", way.params},
                      {"axis_html", strip_axis(top, words).markup},
                      {"rows", rows},
                      {"has_rows", !rows.empty()},
                      {"controls", controls}});
  }
  return render_template(
      "persons", {{"tables", tables}, {"methods_html", method_line(words, groups).markup}}, words);
}

}  // namespace souvenir
