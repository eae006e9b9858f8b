#include "harness/cli/audit_headlines.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "harness/evidence/json.h"
#include "reports/gate_text.h"

namespace souvenir::cli {

namespace {

using Findings = std::vector<const Finding*>;

std::string percent(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100.0 * value);
  return text;
}

Findings of_metric(const Evidence& evidence, const std::string& probe, const std::string& metric) {
  Findings found;
  for (const Finding& finding : evidence.findings) {
    if (finding.probe == probe && finding.metric.name == metric) found.push_back(&finding);
  }
  return found;
}

bool is_whole(const Finding& finding) { return finding.stratum.key.empty(); }

std::string text_of(const Finding& finding, const std::string& name) {
  for (const auto& [key, value] : finding.metric.params) {
    if (key == name && std::holds_alternative<std::string>(value)) {
      return std::get<std::string>(value);
    }
  }
  return {};
}

std::string interval_text(const Estimate& estimate,
                          const std::function<std::string(double)>& number) {
  if (!estimate.low || !estimate.high) return {};
  return "; 95 % interval " + number(*estimate.low) + " to " + number(*estimate.high);
}

// "12 of 300 reproduced verbatim (4 %; 95 % interval 2.08 % to 6.89 %)"
std::string rate_text(const Estimate& estimate, const std::string& what) {
  if (!estimate.value || !estimate.count || !estimate.n) {
    return estimate.reason.empty() ? "no estimate" : estimate.reason;
  }
  return std::to_string(*estimate.count) + " of " + std::to_string(*estimate.n) + " " + what +
         " (" + percent(*estimate.value) + interval_text(estimate, percent) + ")";
}

std::string word_text(const Finding& finding) {
  return std::string(outcome_name(finding.outcome)) + " (" + finding.outcome_reason.text + ")";
}

void add_extraction(const Evidence& evidence, std::vector<std::string>& lines) {
  for (const Finding* finding : of_metric(evidence, "discoverable_extraction", "verbatim_rate")) {
    const std::string text = rate_text(finding->estimate, "reproduced verbatim");
    if (is_whole(*finding)) {
      lines.push_back("strings:  " + text);
      lines.push_back("outcome:  " + word_text(*finding));
    } else if (finding->is_control) {
      lines.push_back((finding->stratum.key == "member" ? "controls: " : "positive: ") + text);
    }
  }
}

// The medians of all tiers in one line, and the word on the tier planted most often.
void add_exposure(const Evidence& evidence, std::vector<std::string>& lines) {
  Findings tiers = of_metric(evidence, "canary_exposure", "exposure_median");
  std::erase_if(tiers, [](const Finding* finding) {
    return finding->stratum.key != "repetitions" || !finding->estimate.value ||
           text_of(*finding, "ranking") == "extrapolated" ||
           text_of(*finding, "ranking") == "searched";
  });
  if (tiers.empty()) return;
  const auto tier = [](const Finding* finding) {
    return std::get<std::int64_t>(finding->stratum.value);
  };
  std::stable_sort(tiers.begin(), tiers.end(),
                   [&](const Finding* a, const Finding* b) { return tier(a) < tier(b); });
  std::string text;
  for (const Finding* finding : tiers) {
    text += (text.empty() ? "" : ", ") + std::to_string(tier(finding)) + "x " +
            number_text(*finding->estimate.value);
  }
  lines.push_back("canaries: median exposure in bits by repetition: " + text);
  lines.push_back("outcome:  at " + std::to_string(tier(tiers.back())) + "x " +
                  word_text(*tiers.back()));
}

void add_membership(const Evidence& evidence, std::vector<std::string>& lines) {
  for (const Finding* finding : of_metric(evidence, "membership", "auc")) {
    if (!is_whole(*finding) || !finding->estimate.value || text_of(*finding, "score") != "loss") {
      continue;
    }
    const bool canaries = text_of(*finding, "population") == "canaries";
    const auto number = [](double value) { return number_text(value); };
    lines.push_back(std::string("members:  ") + (canaries ? "canaries" : "subjects") +
                    " told apart by loss with an AUC of " + number(*finding->estimate.value) +
                    interval_text(finding->estimate, number));
    lines.push_back("outcome:  " + word_text(*finding));
  }
}

void add_persons(const Evidence& evidence, std::vector<std::string>& lines) {
  for (const Finding* finding : of_metric(evidence, "personal_data", "persons_exposed")) {
    if (!is_whole(*finding) || !finding->estimate.value) continue;
    lines.push_back("persons:  " + rate_text(finding->estimate, "with an identifier given away"));
    lines.push_back("outcome:  " + word_text(*finding));
  }
}

void add_epsilon(const Evidence& evidence, std::vector<std::string>& lines) {
  for (const Finding* finding : of_metric(evidence, "one_run_audit", "epsilon_lower_bound")) {
    if (!finding->estimate.value) continue;
    lines.push_back("epsilon:  at least " + number_text(*finding->estimate.value));
    lines.push_back("outcome:  " + word_text(*finding));
  }
}

}  // namespace

std::vector<std::string> headlines(const Evidence& evidence) {
  std::vector<std::string> lines;
  add_extraction(evidence, lines);
  add_exposure(evidence, lines);
  add_membership(evidence, lines);
  add_persons(evidence, lines);
  add_epsilon(evidence, lines);
  return lines;
}

}  // namespace souvenir::cli
