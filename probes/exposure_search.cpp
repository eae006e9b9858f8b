#include "probes/exposure_search.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "metrics/binomial.h"
#include "metrics/exposure.h"
#include "metrics/reason.h"
#include "probes/finding_parts.h"

namespace souvenir {

namespace {

constexpr const char* kMethod = "best-first search of the whole space";

// What is known for certain: nothing else is a value.
Estimate bits(const SearchTally& tally, double least, double most) {
  Estimate estimate;
  estimate.unit = "bits";
  estimate.method = kMethod;
  estimate.n = tally.count();
  estimate.low = least;
  estimate.high = most;
  if (least == most) {
    estimate.value = least;
  } else {
    estimate.reason = because("search_ended");
  }
  return estimate;
}

double median(const std::vector<double>& values) { return *median_exposure(values).value; }

double largest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

// Of those that are known: a lower bound of what all together show.
Estimate first_rate(const SearchTally& tally) {
  Estimate estimate = rate(tally.first, tally.count());
  estimate.method = std::string(kMethod) + "; " + estimate.method;
  return estimate;
}

void add(const ProbeInfo& probe, const Stratum& stratum, const SearchTally& tally, bool held_out,
         std::vector<Finding>& out) {
  const std::pair<const char*, Estimate> all[] = {
      {"exposure_median", bits(tally, median(tally.least), median(tally.most))},
      {"exposure_max", bits(tally, largest(tally.least), largest(tally.most))},
      {"rank_first_rate", first_rate(tally)}};
  for (const auto& [metric, estimate] : all) {
    Finding finding = new_finding(probe, {metric, {{"ranking", std::string("searched")}}}, stratum);
    finding.estimate = estimate;
    add_caveat(finding, tally.ended, "search_ended",
               "searches ended at their budget, so that only bounds are known of these canaries");
    call_descriptive(finding, held_out);
    out.push_back(std::move(finding));
  }
}

}  // namespace

void add_searched_findings(const ProbeInfo& probe, const AllCanaries& all,
                           std::vector<Finding>& out) {
  for (const auto& [tier, tally] : all.searched) {
    add(probe, {"repetitions", tier}, tally, false, out);
  }
  if (all.searched_held_out.count() > 0) {
    add(probe, {"member", std::string("no")}, all.searched_held_out, true, out);
  }
}

}  // namespace souvenir
