#include "probes/membership_parameters.h"

#include <algorithm>

#include "harness/config.h"

namespace souvenir {

namespace {

using nlohmann::json;

std::vector<double> rates(ConfigObject& object, std::vector<double> fallback) {
  const json* value = object.find("fpr");
  if (value == nullptr) return fallback;
  if (!value->is_array() || value->empty() || value->size() > 10) {
    object.fail("fpr", "expected a list of 1 to 10 numbers");
  }
  std::vector<double> list;
  for (const json& item : *value) {
    if (!item.is_number() || item.get<double>() < 1e-9 || item.get<double>() > 0.5) {
      object.fail("fpr", "expected numbers from 1e-09 to 0.5");
    }
    list.push_back(item.get<double>());
  }
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

}  // namespace

MembershipParameters parse_membership_parameters(const json& parameters,
                                                 const std::string& document) {
  ConfigObject object(parameters, document, "/probes/membership");
  MembershipParameters result;
  result.scores.k = object.number("k", 1e-3, 1.0, 0.2);
  result.scores.surp_k = object.number("surp_k", 1e-3, 1.0, 0.4);
  result.scores.surp_max_entropy = object.number("surp_max_entropy", 1e-3, 100.0, 2.0);
  result.scores.ez_skip_first = object.boolean("ez_skip_first", false);
  result.fpr = rates(object, result.fpr);
  result.blind_folds = object.integer("blind_folds", 2, 100, 5);
  result.rules.min_n = object.integer("min_n", 1, 1LL << 40, 30);
  result.rules.min_controls = object.integer("min_controls", 1, 1LL << 40, 30);
  object.finish();
  return result;
}

json to_json(const MembershipParameters& parameters) {
  return {{"k", parameters.scores.k},
          {"surp_k", parameters.scores.surp_k},
          {"surp_max_entropy", parameters.scores.surp_max_entropy},
          {"ez_skip_first", parameters.scores.ez_skip_first},
          {"fpr", parameters.fpr},
          {"blind_folds", parameters.blind_folds},
          {"min_n", parameters.rules.min_n},
          {"min_controls", parameters.rules.min_controls}};
}

}  // namespace souvenir
