#pragma once

#include <string>
#include <vector>

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

// Everything else: a row per measure, over all strings and over the controls.
Html value_table(const Page& page, const std::vector<MetricGroup>& groups);

}  // namespace souvenir
