#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/evidence/finding.h"
#include "harness/language_model.h"
#include "probes/outcome.h"

namespace souvenir {

// Parameters of `discoverable_extraction` in a suite.
//
//   decoding       rules under which p_z is computed
//   queries        n of the (n, p) surface
//   probabilities  p of the (n, p) surface
//   run_tokens     lengths l of the (l, b) bound
struct ExtractionParameters {
  std::vector<DecodingRule> decoding;
  std::vector<double> queries;
  std::vector<double> probabilities;
  std::vector<std::int64_t> run_tokens;
  OutcomeRules rules;
};

// Errors  input: names the JSON pointer
ExtractionParameters parse_extraction_parameters(const nlohmann::json& parameters,
                                                 const std::string& document);

nlohmann::json to_json(const ExtractionParameters& parameters);

// Names a metric under a decoding rule; other parameters are added by `extra`.
Metric metric_under(const std::string& name, const DecodingRule& rule,
                    std::vector<std::pair<std::string, ParamValue>> extra = {});

}  // namespace souvenir
