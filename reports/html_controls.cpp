// Would a leak have been seen, and what bears on the numbers.

#include <algorithm>

#include "reports/html_page.h"

namespace souvenir {

namespace {

using nlohmann::json;

// Controls in the same state for the same metric make one row.
struct ControlRow {
  std::string role;
  std::string metric;
  std::string state;
  const Finding* finding = nullptr;
  const Control* control = nullptr;
  std::vector<const Estimate*> rates;  // the controls' own, where they have one
  std::int64_t measurements = 0;
};

const Estimate* own_rate(const Evidence& evidence, const Control& control) {
  if (control.rate) {
    return &*control.rate;
  }
  const Finding* own = find_finding(evidence, control.finding);
  return own == nullptr ? nullptr : &own->estimate;
}

std::string state_of(const Control& control) {
  if (control.passed) {
    return *control.passed ? "met" : "not_met";
  }
  return control.finding.empty() && !control.rate ? "missing" : "undecided";
}

std::vector<ControlRow> control_rows(const Evidence& evidence) {
  std::vector<ControlRow> rows;
  for (const Finding& finding : evidence.findings) {
    if (!over_all(finding) || finding.is_control) {
      continue;
    }
    for (const Control& control : finding.controls) {
      const std::string state = state_of(control);
      auto at = std::find_if(rows.begin(), rows.end(), [&](const ControlRow& row) {
        return row.role == control.role && row.metric == finding.metric.name && row.state == state;
      });
      if (at == rows.end()) {
        rows.push_back({control.role, finding.metric.name, state, &finding, &control, {}, 0});
        at = std::prev(rows.end());
      }
      ++at->measurements;
      if (const Estimate* rate = own_rate(evidence, control)) {
        at->rates.push_back(rate);
      }
    }
  }
  return rows;
}

// What came out of the controls themselves: of several measurements, from the least to the most.
Html seen(const Words& words, const ControlRow& row) {
  if (row.rates.empty()) {
    return {};
  }
  const auto hits = [](const Estimate* e) { return e->count.value_or(0); };
  const auto [least, most] =
      std::minmax_element(row.rates.begin(), row.rates.end(),
                          [&](const Estimate* a, const Estimate* b) { return hits(a) < hits(b); });
  if (hits(*least) == hits(*most) || (*least)->n != (*most)->n || !(*most)->n) {
    return hits_of(words, **most);
  }
  return words.fill("controls.range", {{"low", words.count(hits(*least))},
                                       {"high", words.count(hits(*most))},
                                       {"n", words.count(*(*most)->n)}});
}

Html gap(const Words& words, const ControlRow& row) {
  const auto& difference = row.control->difference;
  if (row.measurements > 1 || !difference || !difference->value) {
    return {};
  }
  const Html interval = estimate_interval(words, *difference);
  return {estimate_value(words, *difference).markup +
          (interval.markup.empty() ? "" : " <span class=\"sub\">" + interval.markup + "</span>")};
}

Html detectable(const Page& page) {
  const Finding* finding = headline(page.evidence);
  if (finding == nullptr || !finding->minimum_detectable || !finding->estimate.n) {
    return page.words.say("controls.no_detectable");
  }
  return page.words.fill("controls.detectable",
                         {{"n", page.words.count(*finding->estimate.n)},
                          {"rate", page.words.percent(*finding->minimum_detectable)}});
}

// The same for every other measure that states it, in its own unit; the first of each metric.
json detectable_rows(const Page& page) {
  const Finding* said = headline(page.evidence);
  std::vector<std::string> known;
  json rows = json::array();
  for (const Finding& finding : page.evidence.findings) {
    const std::string key = finding.probe + "/" + finding.metric.name;
    const bool repeated = std::find(known.begin(), known.end(), key) != known.end() ||
                          (said != nullptr && said->probe == finding.probe &&
                           said->metric.name == finding.metric.name);
    if (!finding.minimum_detectable || finding.is_control || finding.suppressed || repeated) {
      continue;
    }
    known.push_back(key);
    Estimate least;
    least.value = finding.minimum_detectable;
    least.unit = finding.metric.name == "auc" ? "" : finding.estimate.unit;
    const Html over = over_all(finding) ? Html{} : stratum_name(page.words, finding.stratum);
    const Html name = joined(page.words, {metric_name(page.words, finding.metric.name), over});
    rows.push_back(
        {{"text_html", pair_of(page.words, name, estimate_value(page.words, least)).markup}});
  }
  return rows;
}

// One caveat of each sort, from the widest finding that has it.
json caveat_rows(const Page& page) {
  std::vector<const Finding*> order;
  for (const Finding& finding : page.evidence.findings) {
    order.push_back(&finding);
  }
  std::stable_partition(order.begin(), order.end(), [](const Finding* finding) {
    return over_all(*finding) && !finding->is_control;
  });
  std::vector<std::string> known;
  json rows = json::array();
  for (const Finding* finding : order) {
    for (const Remark& caveat : finding->caveats) {
      const std::string key = caveat.code.empty() ? caveat.text : caveat.code;
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        known.push_back(key);
        rows.push_back(
            {{"text_html", remark_text(page.words, caveat).markup},
             {"stratum_html",
              over_all(*finding) ? "" : stratum_name(page.words, finding->stratum).markup}});
      }
    }
  }
  return rows;
}

Html coded(const Words& words, const std::string& prefix, const std::string& text) {
  return words.has(prefix + text) ? words.say(prefix + text) : isolated(text);
}

}  // namespace

Html controls_section(const Page& page) {
  const Words& words = page.words;
  json rows = json::array();
  for (const ControlRow& row : control_rows(page.evidence)) {
    Html metric = metric_name(words, row.metric);
    if (row.measurements > 1) {
      metric =
          words.fill("controls.times", {{"metric", metric}, {"n", words.count(row.measurements)}});
    }
    rows.push_back({{"role_html", coded(words, "controls.role.", row.role).markup},
                    {"metric_html", metric.markup},
                    {"seen_html", seen(words, row).markup},
                    {"gap_html", gap(words, row).markup},
                    {"state_html", words.say("controls." + row.state).markup},
                    {"state", row.state}});
  }
  const json others = detectable_rows(page);
  return render_template("controls",
                         {{"rows", rows},
                          {"has_rows", !rows.empty()},
                          {"detectable_html", detectable(page).markup},
                          {"others", others},
                          {"has_others", !others.empty()}},
                         words);
}

Html limits_section(const Page& page) {
  const Words& words = page.words;
  json left_out = json::array();
  for (const LeftOut& row : page.evidence.left_out) {
    left_out.push_back(
        {{"text_html",
          pair_of(words, words.count(row.count), coded(words, "left_out.", row.reason)).markup}});
  }
  json not_run = json::array();
  for (const NotRun& row : page.evidence.not_run) {
    const Html what = not_run_name(words, row.what);
    const Html why = remark_text(words, row.why);
    not_run.push_back(
        {{"text_html", why.markup.empty() ? what.markup : pair_of(words, what, why).markup}});
  }
  json deviations = json::array();
  for (const Remark& deviation : page.evidence.deviations) {
    deviations.push_back({{"text_html", remark_text(words, deviation).markup}});
  }
  json caveats = caveat_rows(page);
  if (!page.evidence.model.quantisation.empty()) {
    const json quantised = {{"text_html", words.say("limits.quantised").markup}};
    caveats.insert(caveats.begin(), quantised);
  }
  return render_template("limits",
                         {{"caveats", caveats},
                          {"no_caveats", caveats.empty()},
                          {"deviations", deviations},
                          {"no_deviations", deviations.empty()},
                          {"left_out", left_out},
                          {"no_left_out", left_out.empty()},
                          {"not_run", not_run},
                          {"no_not_run", not_run.empty()}},
                         words);
}

}  // namespace souvenir
