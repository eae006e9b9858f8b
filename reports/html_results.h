#pragma once

#include <string>
#include <vector>

#include "reports/chart.h"
#include "reports/html_page.h"

namespace souvenir {

// The findings of one metric, whatever its parameters and strata, in the order of the evidence.
struct MetricGroup {
  std::string metric;
  std::string arm;
  std::vector<const Finding*> findings;
};

// Rates with counts: a row per stratum, each as a dot on its interval, the controls' under it.
Html rate_table(const Page& page, const MetricGroup& group);

// Shares of strings against numbers of queries: a panel for each probability, a figure for each
// decoding rule, and the same in a table by stratum.
Html extraction_curves(const Page& page, const MetricGroup& group);

// A whole probe: canaries by tier, membership scores with their curves, identifiers by kind.
Html canary_results(const Page& page, const std::vector<MetricGroup>& groups);
Html membership_results(const Page& page, const std::vector<MetricGroup>& groups);
Html person_results(const Page& page, const std::vector<MetricGroup>& groups);

// ---- what they share ----------------------------------------------------------------------------

// A rate as drawn.
//
// Requires  it has a value
ChartPoint rate_point(const Words& words, const Estimate& estimate);

// The rate of a finding's negative controls, or null.
const Estimate* negative_rate(const Finding& finding);

// The methods behind the numbers, as the evidence words them.
Html method_line(const Words& words, const std::vector<MetricGroup>& groups);

// Everything else: a row per measure, over all strings and over the controls.
Html value_table(const Page& page, const std::vector<MetricGroup>& groups);

}  // namespace souvenir
