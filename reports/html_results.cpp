// Results: every finding of the evidence, grouped by what was measured.

#include "reports/html_results.h"

#include <algorithm>
#include <set>

#include "reports/chart.h"

namespace souvenir {

namespace {

using nlohmann::json;

// All that one probe found.
struct ProbeGroup {
  std::string probe;
  std::vector<MetricGroup> metrics;
};

std::vector<ProbeGroup> probes_of(const Evidence& evidence) {
  std::vector<ProbeGroup> out;
  for (const Finding& finding : evidence.findings) {
    auto probe = std::find_if(out.begin(), out.end(), [&](const ProbeGroup& group) {
      return group.probe == finding.probe;
    });
    if (probe == out.end()) {
      out.push_back({finding.probe, {}});
      probe = std::prev(out.end());
    }
    auto at =
        std::find_if(probe->metrics.begin(), probe->metrics.end(), [&](const MetricGroup& group) {
          return group.metric == finding.metric.name && group.arm == finding.arm;
        });
    if (at == probe->metrics.end()) {
      probe->metrics.push_back({finding.metric.name, finding.arm, {}});
      at = std::prev(probe->metrics.end());
    }
    at->findings.push_back(&finding);
  }
  return out;
}

// Hits among strings, so that a row is complete with its counts; not a mean or a maximum.
bool is_rate(const MetricGroup& group) {
  return std::any_of(group.findings.begin(), group.findings.end(), [&](const Finding* finding) {
    const bool withheld = finding->suppressed && group.metric.find("rate") != std::string::npos;
    return finding->estimate.unit == "probability" &&
           (finding->estimate.count.has_value() || withheld);
  });
}

}  // namespace

ChartPoint rate_point(const Words& words, const Estimate& e) {
  const double value = e.value.value_or(0.0);
  ChartPoint point{1.0, value, e.low, e.high, words.plain_percent(value)};
  if (e.low && e.high) {
    point.label = words.fill_plain("chart.strip_aria", {{"value", words.plain_percent(value)},
                                                        {"low", words.plain_percent(*e.low)},
                                                        {"high", words.plain_percent(*e.high)}});
  }
  return point;
}

Html method_line(const Words& words, const std::vector<MetricGroup>& groups) {
  std::vector<Html> methods;
  std::set<std::string> known;
  for (const MetricGroup& group : groups) {
    for (const Finding* finding : group.findings) {
      if (!finding->estimate.method.empty() && known.insert(finding->estimate.method).second) {
        methods.push_back(isolated(finding->estimate.method));
      }
    }
  }
  return methods.empty() ? Html{}
                         : pair_of(words, words.say("results.methods"), joined(words, methods));
}

const Estimate* negative_rate(const Finding& finding) {
  for (const Control& control : finding.controls) {
    if (control.role == "negative" && control.rate) {
      return &*control.rate;
    }
  }
  return nullptr;
}

namespace {

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
    if (control != nullptr && !control->value) control = nullptr;
    row["strip_html"] =
        strip_chart(rate_point(words, e),
                    control == nullptr ? std::nullopt : std::optional(rate_point(words, *control)),
                    top, words)
            .markup;
    row["control_rate_html"] = control == nullptr ? "" : words.percent(*control->value).markup;
  }
  return row;
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
                {"method_html", method_line(words, {group}).markup}};
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
           {"outcome_html", finding->is_control || finding->outcome == Outcome::not_applicable
                                ? ""
                                : outcome_tag(words, finding->outcome).markup},
           {"reason_html", remark_text(words, finding->outcome_reason).markup},
           {"value_html", finding->suppressed ? words.say("results.suppressed").markup
                                              : estimate_value(words, finding->estimate).markup},
           {"interval_html", estimate_interval(words, finding->estimate).markup},
           {"hits_html", hits_of(words, finding->estimate).markup}});
    }
  }
  const bool spoken = std::any_of(rows.begin(), rows.end(), [](const json& row) {
    return !row["outcome_html"].get_ref<const std::string&>().empty();
  });
  for (json& row : rows) {
    row["spoken"] = spoken;
  }
  return render_template("values", {{"rows", rows}, {"spoken", spoken}}, words);
}

namespace {

// A probe whose measures belong into one table, by its name, and which measures those are.
struct ProbeView {
  std::string_view probe;
  Html (*render)(const Page&, const std::vector<MetricGroup>&);
  std::vector<std::string_view> metrics;
};

const std::vector<ProbeView>& views() {
  static const std::vector<ProbeView> table = {
      {"canary_exposure", canary_results, {"exposure_median", "exposure_max", "rank_first_rate"}},
      {"membership", membership_results, {"auc", "tpr_at_fpr"}},
      {"personal_data",
       person_results,
       {"exposed_rate", "excess_over_twins", "true_value_rank_first_rate", "persons_exposed"}}};
  return table;
}

// Whatever no view shows: a section for each rate, and one table for what is none.
void add_metrics(const Page& page, const std::vector<MetricGroup>& groups, json& model) {
  const Words& words = page.words;
  std::vector<MetricGroup> values;
  for (const MetricGroup& group : groups) {
    const bool curve = group.metric == "extractable_rate";
    if (!curve && !is_rate(group)) {
      values.push_back(group);
      continue;
    }
    const std::string means = "metric." + group.metric + ".means";
    model["sections"].push_back(
        {{"title_html", metric_name(words, group.metric).markup},
         {"system", group.arm == "system"},
         {"means", words.has(means) ? words.plain(means) : ""},
         {"body_html", (curve ? extraction_curves(page, group) : rate_table(page, group)).markup}});
  }
  model["sections_above"] = !model["sections"].empty();
  if (!values.empty()) {
    model["values_html"] = value_table(page, values).markup;
  }
}

}  // namespace

Html results_section(const Page& page) {
  const Words& words = page.words;
  json probes = json::array();
  for (const ProbeGroup& group : probes_of(page.evidence)) {
    const std::string code = "probe." + group.probe;
    json model = {
        {"title_html", (words.has(code) ? words.say(code) : isolated(group.probe)).markup},
        {"means", words.has(code + ".means") ? words.plain(code + ".means") : ""},
        {"sections", json::array()},
        {"whole_html", ""}};
    std::vector<MetricGroup> others = group.metrics;
    for (const ProbeView& view : views()) {
      if (view.probe == group.probe) {
        model["whole_html"] = view.render(page, group.metrics).markup;
        std::erase_if(others, [&](const MetricGroup& metric) {
          return std::find(view.metrics.begin(), view.metrics.end(), metric.metric) !=
                 view.metrics.end();
        });
      }
    }
    add_metrics(page, others, model);
    probes.push_back(std::move(model));
  }
  return render_template("results", {{"probes", probes}, {"none", page.evidence.findings.empty()}},
                         words);
}

}  // namespace souvenir
