#include "probes/extraction_parameters.h"

#include <algorithm>
#include <cmath>

#include "harness/config.h"
#include "harness/error.h"

namespace souvenir {

namespace {

using nlohmann::json;

constexpr const char* kPointer = "/probes/discoverable_extraction";

std::vector<double> numbers(ConfigObject& object, const std::string& key, double low, double high,
                            std::vector<double> fallback) {
  const json* value = object.find(key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_array() || value->empty() || value->size() > 100) {
    object.fail(key, "expected a list of 1 to 100 numbers");
  }
  std::vector<double> list;
  for (const json& item : *value) {
    if (!item.is_number() || item.get<double>() < low || item.get<double>() > high) {
      object.fail(key, "expected numbers from " + json(low).dump() + " to " + json(high).dump());
    }
    list.push_back(item.get<double>());
  }
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

std::vector<DecodingRule> decoding_rules(ConfigObject& object, const std::string& document) {
  const json* value = object.find("decoding");
  if (value == nullptr) {
    return {{.temperature = 1.0, .top_k = 40}, {.temperature = 1.0}};
  }
  if (!value->is_array() || value->empty() || value->size() > 16) {
    object.fail("decoding", "expected a list of 1 to 16 decoding rules");
  }
  std::vector<DecodingRule> rules;
  for (std::size_t i = 0; i < value->size(); ++i) {
    ConfigObject row((*value)[i], document,
                     std::string(kPointer) + "/decoding/" + std::to_string(i));
    DecodingRule rule;
    rule.temperature = row.number("temperature", 1e-3, 1e3, 1.0);
    rule.top_k = row.integer("top_k", 0, 1 << 24, 0);
    rule.top_p = row.number("top_p", 1e-9, 1.0, 1.0);
    row.finish();
    if (std::find(rules.begin(), rules.end(), rule) != rules.end()) {
      object.fail("decoding", "the same rule stands twice");
    }
    rules.push_back(rule);
  }
  return rules;
}

}  // namespace

ExtractionParameters parse_extraction_parameters(const json& parameters,
                                                 const std::string& document) {
  ConfigObject object(parameters, document, kPointer);
  ExtractionParameters result;
  result.decoding = decoding_rules(object, document);
  result.queries = numbers(object, "queries", 1.0, 1e300, {1, 10, 100, 1000, 10000});
  result.probabilities = numbers(object, "probabilities", 1e-9, 1.0 - 1e-9, {0.5, 0.95});
  for (const double length : numbers(object, "l", 1.0, 1e6, {50})) {
    if (length != std::floor(length)) {
      object.fail("l", "expected whole numbers");
    }
    result.run_tokens.push_back(static_cast<std::int64_t>(length));
  }
  result.rules.min_n = object.integer("min_n", 1, 1LL << 40, 300);
  result.rules.min_controls = object.integer("min_controls", 1, 1LL << 40, 20);
  result.rules.max_control_rate = object.number("max_control_rate", 0.0, 1.0, 0.05);
  object.finish();
  return result;
}

json to_json(const ExtractionParameters& parameters) {
  json decoding = json::array();
  for (const DecodingRule& rule : parameters.decoding) {
    decoding.push_back(
        {{"temperature", rule.temperature}, {"top_k", rule.top_k}, {"top_p", rule.top_p}});
  }
  return {{"decoding", decoding},
          {"queries", parameters.queries},
          {"probabilities", parameters.probabilities},
          {"l", parameters.run_tokens},
          {"min_n", parameters.rules.min_n},
          {"min_controls", parameters.rules.min_controls},
          {"max_control_rate", parameters.rules.max_control_rate}};
}

Metric metric_under(const std::string& name, const DecodingRule& rule,
                    std::vector<std::pair<std::string, ParamValue>> extra) {
  Metric metric{name, std::move(extra)};
  metric.params.emplace_back("temperature", rule.temperature);
  metric.params.emplace_back("top_k", rule.top_k);
  metric.params.emplace_back("top_p", rule.top_p);
  std::sort(metric.params.begin(), metric.params.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return metric;
}

}  // namespace souvenir
