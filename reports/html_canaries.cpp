// Exposure of planted canaries: by how often they stood in the training data, held-out ones beside.

#include <algorithm>
#include <iterator>

#include "reports/chart.h"
#include "reports/html_results.h"

namespace souvenir {

namespace {

using nlohmann::json;

ChartPoint bits_point(const Words& words, const Finding& finding) {
  const Estimate& e = finding.estimate;
  const double tier = repetitions_of(finding);
  return {tier, *e.value, e.low, e.high,
          words.fill_plain("canary.aria_point", {{"n", words.plain_number(tier)},
                                                 {"bits", words.plain_number(*e.value)}})};
}

ExposurePanel panel_of(const Words& words, const std::vector<const Finding*>& medians) {
  ExposurePanel panel;
  for (const Finding* finding : medians) {
    const Estimate& e = finding->estimate;
    if (!e.value || finding->suppressed) {
      continue;
    }
    if (is_held_out(*finding) && !panel.held_out) {
      panel.held_out = bits_point(words, *finding);
    } else if (repetitions_of(*finding) >= 1.0 && !finding->is_control) {
      panel.tiers.push_back(bits_point(words, *finding));
    }
  }
  std::sort(panel.tiers.begin(), panel.tiers.end(),
            [](const ChartPoint& a, const ChartPoint& b) { return a.n < b.n; });
  panel.held_out_label = words.plain("canary.held_out_short");
  panel.x_label = words.plain("canary.x");
  panel.y_label = words.plain("canary.y");
  std::string list;
  for (const ChartPoint& tier : panel.tiers) {
    list += (list.empty() ? "" : words.plain("list.semicolon")) + tier.label;
  }
  panel.aria = words.fill_plain("canary.aria", {{"points", list}});
  return panel;
}

// How a finding's canaries were ranked: "" whole spaces, "sampled", or "extrapolated".
std::string ranking_of(const Finding& finding) {
  for (const auto& [key, value] : finding.metric.params) {
    if (key == "ranking" && std::holds_alternative<std::string>(value)) {
      return std::get<std::string>(value);
    }
  }
  return "";
}

// What one chart may show together: whole spaces where there are any, else samples; never bits that
// were not measured.
std::vector<const Finding*> charted(const std::vector<const Finding*>& medians) {
  for (const char* ranking : {"", "sampled"}) {
    std::vector<const Finding*> out;
    std::copy_if(medians.begin(), medians.end(), std::back_inserter(out),
                 [&](const Finding* finding) { return ranking_of(*finding) == ranking; });
    if (!out.empty()) return out;
  }
  return {};
}

// A row of the table: everything measured on one group of canaries.
struct CanaryRow {
  const Finding* sample = nullptr;
  const Finding* median = nullptr;
  const Finding* largest = nullptr;
  const Finding* first = nullptr;
};

std::vector<CanaryRow> rows_of(const std::vector<MetricGroup>& groups) {
  std::vector<CanaryRow> rows;
  for (const MetricGroup& group : groups) {
    const auto slot = group.metric == "exposure_median"   ? &CanaryRow::median
                      : group.metric == "exposure_max"    ? &CanaryRow::largest
                      : group.metric == "rank_first_rate" ? &CanaryRow::first
                                                          : nullptr;
    for (const Finding* finding :
         slot == nullptr ? std::vector<const Finding*>{} : group.findings) {
      // The same group of canaries, asked in the same way; a second way gets a row of its own.
      auto at = std::find_if(rows.begin(), rows.end(), [&](const CanaryRow& row) {
        return same_stratum(*row.sample, *finding) &&
               same_params(row.sample->metric, finding->metric) && row.*slot == nullptr;
      });
      if (at == rows.end()) {
        rows.push_back({finding, nullptr, nullptr, nullptr});
        at = std::prev(rows.end());
      }
      (*at).*slot = finding;
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const CanaryRow& a, const CanaryRow& b) {
    const auto order = [](const CanaryRow& row) {
      const double tier = repetitions_of(*row.sample);
      return std::tuple(row.sample->is_control, tier < 0 ? 1 : 0, tier);
    };
    return order(a) < order(b);
  });
  return rows;
}

// A number without its unit where the heading of the column says it.
Html bare(const Words& words, const Estimate& e, double value) {
  return e.unit == "bits" ? words.number(value) : words.percent(value);
}

json cell(const Words& words, const Finding* finding) {
  if (finding == nullptr) {
    return {{"value_html", ""}, {"detail_html", ""}};
  }
  if (finding->suppressed) {
    return {{"value_html", words.say("results.suppressed").markup}, {"detail_html", ""}};
  }
  const Estimate& e = finding->estimate;
  if (!e.value) {
    return {{"value_html", estimate_value(words, e).markup},
            {"detail_html", reason_of(words, e).markup}};
  }
  json out = {{"value_html", bare(words, e, *e.value).markup}, {"detail_html", ""}};
  if (e.low && e.high && *e.low < *e.high) {
    out["detail_html"] = words
                             .fill("results.span", {{"low", bare(words, e, *e.low)},
                                                    {"high", bare(words, e, *e.high)}})
                             .markup;
  }
  return out;
}

// What is said of the row: of its median and, where it is another word, of the first ranks too. One
// of them must not hide what the other found.
json words_of(const Words& words, const CanaryRow& row) {
  json said = json::array();
  if (row.sample->is_control) return said;
  const bool differ =
      row.median != nullptr && row.first != nullptr && row.median->outcome != row.first->outcome;
  for (const auto& [finding, column] :
       {std::pair(row.median, "canary.median_short"), std::pair(row.first, "canary.first")}) {
    if (finding == nullptr || (!said.empty() && !differ)) continue;
    said.push_back({{"column_html", differ ? words.say(column).markup : ""},
                    {"outcome_html", outcome_tag(words, finding->outcome).markup},
                    {"reason_html", remark_text(words, finding->outcome_reason).markup}});
  }
  return said;
}

json row_json(const Words& words, const CanaryRow& row) {
  const Finding* counted = row.median != nullptr ? row.median : row.sample;
  const Html count =
      counted->suppressed || !counted->estimate.n ? Html{} : words.count(*counted->estimate.n);
  return {{"name_html", stratum_name(words, row.sample->stratum).markup},
          {"params_html", param_list(words, row.sample->metric, {}).markup},
          {"control", row.sample->is_control},
          {"n_html", count.markup},
          {"median", cell(words, row.median)},
          {"largest", cell(words, row.largest)},
          {"first", cell(words, row.first)},
          {"words", words_of(words, row)}};
}

}  // namespace

Html canary_results(const Page& page, const std::vector<MetricGroup>& groups) {
  const Words& words = page.words;
  json rows = json::array();
  for (const CanaryRow& row : rows_of(groups)) {
    rows.push_back(row_json(words, row));
  }
  json model = {{"rows", rows}, {"has_rows", !rows.empty()}, {"svg_html", ""}};
  for (const MetricGroup& group : groups) {
    if (group.metric == "exposure_median") {
      const ExposurePanel panel = panel_of(words, charted(group.findings));
      model["svg_html"] = panel.tiers.empty() ? "" : exposure_chart(panel, words).markup;
    }
  }
  model["methods_html"] = method_line(words, groups).markup;
  return render_template("canaries", model, words);
}

}  // namespace souvenir
