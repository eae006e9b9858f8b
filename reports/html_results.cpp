// Results: every finding of the evidence, grouped by what was measured.

#include "reports/html_results.h"

#include <algorithm>
#include <set>

#include "reports/chart.h"

namespace souvenir {

namespace {

using nlohmann::json;

std::vector<MetricGroup> groups_of(const Evidence& evidence) {
  std::vector<MetricGroup> groups;
  for (const Finding& finding : evidence.findings) {
    auto at = std::find_if(groups.begin(), groups.end(), [&](const MetricGroup& group) {
      return group.metric == finding.metric.name && group.arm == finding.arm;
    });
    if (at == groups.end()) {
      groups.push_back({finding.metric.name, finding.arm, {}});
      at = std::prev(groups.end());
    }
    at->findings.push_back(&finding);
  }
  return groups;
}

// Hits among strings, so that a row is complete with its counts; not a mean or a maximum.
bool is_rate(const MetricGroup& group) {
  return std::any_of(group.findings.begin(), group.findings.end(), [&](const Finding* finding) {
    const bool withheld = finding->suppressed && group.metric.find("rate") != std::string::npos;
    return finding->estimate.unit == "probability" &&
           (finding->estimate.count.has_value() || withheld);
  });
}

ChartPoint point_of(const Words& words, const Estimate& e) {
  const double value = e.value.value_or(0.0);
  ChartPoint point{1.0, value, e.low, e.high, words.plain_percent(value)};
  if (e.low && e.high) {
    point.label = words.fill_plain("chart.strip_aria", {{"value", words.plain_percent(value)},
                                                        {"low", words.plain_percent(*e.low)},
                                                        {"high", words.plain_percent(*e.high)}});
  }
  return point;
}

const Estimate* negative_rate(const Finding& finding) {
  for (const Control& control : finding.controls) {
    if (control.role == "negative" && control.rate && control.rate->value) {
      return &*control.rate;
    }
  }
  return nullptr;
}

double largest(const MetricGroup& group) {
  double top = 0.0;
  for (const Finding* finding : group.findings) {
    if (finding->is_control) {
      continue;  // a positive control near 100 % would leave no room for the rest
    }
    const Estimate& e = finding->estimate;
    top = std::max(top, e.high.value_or(e.value.value_or(0.0)));
  }
  return top;
}

json rate_row(const Words& words, const Finding& finding, double top) {
  const Estimate& e = finding.estimate;
  json row = {
      {"name_html", stratum_name(words, finding.stratum).markup},
      {"params_html", param_list(words, finding.metric, {}).markup},
      {"control", finding.is_control},
      {"all", over_all(finding)},
      {"suppressed", finding.suppressed},
      {"value_html", estimate_value(words, e).markup},
      {"interval_html", estimate_interval(words, e).markup},
      {"hits_html", hits_of(words, e).markup},
      {"persons_html", e.persons ? words.count(*e.persons).markup : ""},
      {"effective_html", e.n_effective ? words.number(*e.n_effective).markup : ""},
      {"outcome_html", finding.is_control ? "" : outcome_tag(words, finding.outcome).markup},
      {"reason_html", remark_text(words, finding.outcome_reason).markup}};
  if (e.value && !finding.suppressed && e.high.value_or(*e.value) <= top) {
    const Estimate* control = negative_rate(finding);
    row["strip_html"] =
        strip_chart(point_of(words, e),
                    control == nullptr ? std::nullopt : std::optional(point_of(words, *control)),
                    top, words)
            .markup;
    row["control_rate_html"] = control == nullptr ? "" : words.percent(*control->value).markup;
  }
  return row;
}

Html method_line(const Words& words, const MetricGroup& group) {
  std::vector<Html> methods;
  std::set<std::string> known;
  for (const Finding* finding : group.findings) {
    if (!finding->estimate.method.empty() && known.insert(finding->estimate.method).second) {
      methods.push_back(isolated(finding->estimate.method));
    }
  }
  return methods.empty() ? Html{}
                         : pair_of(words, words.say("results.methods"), joined(words, methods));
}

}  // namespace

Html rate_table(const Page& page, const MetricGroup& group) {
  const Words& words = page.words;
  const double top = axis_top(largest(group));
  json rows = json::array();
  json controls = json::array();
  bool persons = false;
  for (const Finding* finding : group.findings) {
    (finding->is_control ? controls : rows).push_back(rate_row(words, *finding, top));
    persons = persons || finding->estimate.persons.has_value();
  }
  rows.insert(rows.end(), controls.begin(), controls.end());
  for (json& row : rows) {
    row["persons"] = persons;
  }
  json model = {{"rows", rows},
                {"persons", persons},
                {"axis_html", strip_axis(top, words).markup},
                {"method_html", method_line(words, group).markup}};
  const auto ambiguous =
      std::find_if(group.findings.begin(), group.findings.end(), [](const Finding* finding) {
        return over_all(*finding) && finding->ambiguous.value_or(0) > 0;
      });
  if (ambiguous != group.findings.end()) {
    model["ambiguous_html"] =
        words.fill("results.ambiguous", {{"n", words.count(*(*ambiguous)->ambiguous)}}).markup;
  }
  return render_template("rates", model, words);
}

Html value_table(const Page& page, const std::vector<MetricGroup>& groups) {
  const Words& words = page.words;
  json rows = json::array();
  for (const MetricGroup& group : groups) {
    for (const Finding* finding : group.findings) {
      if (!over_all(*finding) && !finding->is_control) {
        continue;  // the evidence holds these for each stratum
      }
      const std::string means = "metric." + group.metric + ".means";
      const Html rule = rule_name(words, finding->metric);
      const Html params = param_list(words, finding->metric, {"temperature", "top_k", "top_p"});
      rows.push_back(
          {{"name_html", metric_name(words, group.metric).markup},
           {"means", words.has(means) && over_all(*finding) ? words.plain(means) : ""},
           {"params_html", joined(words, {rule, params}).markup},
           {"stratum_html", stratum_name(words, finding->stratum).markup},
           {"control", finding->is_control},
           {"value_html", finding->suppressed ? words.say("results.suppressed").markup
                                              : estimate_value(words, finding->estimate).markup},
           {"interval_html", estimate_interval(words, finding->estimate).markup},
           {"hits_html", hits_of(words, finding->estimate).markup}});
    }
  }
  return render_template("values", {{"rows", rows}}, words);
}

Html results_section(const Page& page) {
  const Words& words = page.words;
  json sections = json::array();
  std::vector<MetricGroup> values;
  for (const MetricGroup& group : groups_of(page.evidence)) {
    const bool curve = group.metric == "extractable_rate";
    if (!curve && !is_rate(group)) {
      values.push_back(group);
      continue;
    }
    const std::string means = "metric." + group.metric + ".means";
    sections.push_back(
        {{"title_html", metric_name(words, group.metric).markup},
         {"system", group.arm == "system"},
         {"means", words.has(means) ? words.plain(means) : ""},
         {"body_html", (curve ? extraction_curves(page, group) : rate_table(page, group)).markup}});
  }
  json model = {{"sections", sections}, {"none", page.evidence.findings.empty()}};
  if (!values.empty()) {
    model["values_html"] = value_table(page, values).markup;
  }
  return render_template("results", model, words);
}

}  // namespace souvenir
