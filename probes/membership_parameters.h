#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "probes/comparison.h"
#include "probes/membership_scores.h"

namespace souvenir {

// Parameters of `membership` in a suite.
//
//   fpr          false-positive rates at which the true-positive rate is given
//   blind_folds  parts that the bag of words is learned and judged in
struct MembershipParameters {
  ScoreParameters scores;
  std::vector<double> fpr = {0.001, 0.01, 0.1};
  std::int64_t blind_folds = 5;
  ComparisonRules rules;
};

// Errors  input: names the JSON pointer
MembershipParameters parse_membership_parameters(const nlohmann::json& parameters,
                                                 const std::string& document);

nlohmann::json to_json(const MembershipParameters& parameters);

}  // namespace souvenir
