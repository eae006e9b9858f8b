#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/evidence.h"
#include "reports/report.h"
#include "reports/text.h"

namespace souvenir {

// What every section of the page is made from. Borrows.
//
//   criteria  the evidence's, or derived from its findings where it has none
struct Page {
  const Evidence& evidence;
  const ReportOptions& options;
  const Words& words;
  std::vector<CriterionOutcome> criteria;
};

// ---- sections, in the order of the page ---------------------------------------------------------
Html header_section(const Page& page);
Html summary_section(const Page& page);
Html demo_section(const Page& page);  // empty where the evidence has none
Html object_section(const Page& page);
Html context_section(const Page& page);
Html threat_section(const Page& page);
Html results_section(const Page& page);
Html controls_section(const Page& page);
Html limits_section(const Page& page);
Html criteria_section(const Page& page);
Html gate_section(const Page& page);
Html human_section(const Page& page);
Html again_section(const Page& page);
Html glossary_section(const Page& page);

// ---- what sections share ------------------------------------------------------------------------

// Fills a mustache template. {{x}} is escaped; {{{x_html}}} takes markup made by this folder, which
// is why such keys end in _html. {{#t.code}} is not needed: `words` puts every text of the section
// (codes starting with "name.") into the model as plain strings, dots turned into underscores.
Html render_template(std::string_view name, nlohmann::json model, const Words& words);

// Puts two bodies into one page with its style sheet and its switch between them.
//
//   title  code of the text in the title bar
std::string whole_page(Language first, std::string_view title, const Html& en, const Html& fr);

Html outcome_tag(const Words& words, Outcome outcome);

// Says a remark in the language of the page: in English as the evidence words it, else by its code;
// what has no translation stays in English and is marked as such.
Html remark_text(const Words& words, const Remark& remark);

// Names what was not run: a probe by its title, a class of attack in the reader's language.
Html not_run_name(const Words& words, const std::string& what);

Html stratum_name(const Words& words, const Stratum& stratum);
Html metric_name(const Words& words, const std::string& metric);

// A metric's parameters, without those in `skip`, as "name value" pairs.
Html param_list(const Words& words, const Metric& metric, const std::vector<std::string>& skip);

// A decoding rule in words, from a metric's parameters; empty if it has none.
Html rule_name(const Words& words, const Metric& metric);

// A finding in words, its id beneath: a policy names it so.
Html finding_name(const Words& words, const Finding& finding, const std::string& id);

// "name: value", with the space before the colon that the language asks for.
Html pair_of(const Words& words, const Html& name, const Html& value);

// Joins what is not empty by the semicolon of the language.
Html joined(const Words& words, const std::vector<Html>& parts);

Html estimate_value(const Words& words, const Estimate& estimate);
// Why there is no value: a reason of metrics/reason.h in the language of the page, any other as the
// evidence words it, marked as English. May be long, so it wraps.
Html reason_of(const Words& words, const Estimate& estimate);
Html estimate_interval(const Words& words, const Estimate& estimate);
Html hits_of(const Words& words, const Estimate& estimate);

std::optional<double> number_param(const Metric& metric, std::string_view name);

bool over_all(const Finding& finding);

// The number of times a finding's strings stood in the training data; -1 if it is not about that.
double repetitions_of(const Finding& finding);

// A control that was not planted, as against one that is known to be memorised.
bool is_held_out(const Finding& finding);

// The membership score that a finding is about; empty if about none. Blind: never asks the model.
std::string score_of(const Finding& finding);
Html score_name(const Words& words, const Finding& finding);
bool is_blind(const Finding& finding);

// Whether a membership finding is about planted canaries, not about real strings.
bool of_canaries(const Finding& finding);

// Whether two findings are over the same strings.
bool same_stratum(const Finding& a, const Finding& b);
bool same_params(const Metric& a, const Metric& b);

// What canaries, membership, personal data and the one-run audit found, a sentence each; empty
// where nothing was measured.
std::vector<Html> found_by_probe(const Page& page);

// Whether anything was run on a criterion.
bool is_run(const Page& page, std::string_view criterion);

// Whether a number came out.
bool is_measured(const Finding& finding);

// The rate over all strings that a reader looks for first: reproduced word for word, else whichever
// comes first; null if there is none.
const Finding* headline(const Evidence& evidence);
const Finding* find_finding(const Evidence& evidence, const std::string& id);

}  // namespace souvenir
