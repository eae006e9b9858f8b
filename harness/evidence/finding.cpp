#include "harness/evidence/finding.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "harness/error.h"
#include "harness/evidence/json.h"

namespace souvenir {

namespace {

constexpr std::array<std::string_view, 6> kOutcomeNames = {
    "contradicted",   "not_contradicted_in_scope", "inconclusive", "not_tested", "not_applicable",
    "human_judgement"};

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kStructure = "/[]=,%*";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F && kStructure.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string encoded_value(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return percent_encoded(*text);
  }
  return percent_encoded(
      canonical_json(std::visit([](const auto& held) { return nlohmann::json(held); }, value)));
}

}  // namespace

std::optional<double> number_in(const ParamValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::nullopt;
}

std::string finding_id(const Finding& finding) {
  std::string id = percent_encoded(finding.probe) + "/" + percent_encoded(finding.metric.name);
  auto params = finding.metric.params;
  std::sort(params.begin(), params.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < params.size(); ++i) {
    id.append(i == 0 ? "[" : ",").append(percent_encoded(params[i].first));
    id.append("=").append(encoded_value(params[i].second));
  }
  id += params.empty() ? "/" : "]/";
  if (finding.stratum.key.empty()) {
    return id + "all";
  }
  return id + percent_encoded(finding.stratum.key) + "=" + encoded_value(finding.stratum.value);
}

std::string_view outcome_name(Outcome outcome) {
  return kOutcomeNames.at(static_cast<std::size_t>(outcome));
}

std::optional<Outcome> outcome_from_name(std::string_view name) {
  const auto at = std::find(kOutcomeNames.begin(), kOutcomeNames.end(), name);
  if (at == kOutcomeNames.end()) {
    return std::nullopt;
  }
  return static_cast<Outcome>(at - kOutcomeNames.begin());
}

}  // namespace souvenir
