#include "harness/evidence/json.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "harness/evidence/optional_parts.h"
#include "metrics/reason.h"

namespace souvenir {

namespace {

using nlohmann::json;

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json to_json(const ParamValue& value) {
  return std::visit([](const auto& v) { return json(v); }, value);
}

json to_json(const FileDigest& file) {
  return {{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}};
}

json to_json(const Remark& remark) {
  return {{"code", remark.code}, {"text", remark.text}, {"count", or_null(remark.count)}};
}

// Declared ahead of the template that calls them: names in here are not found by argument.
json to_json(const Control& control);
json to_json(const Finding& finding);
json to_json(const CriterionOutcome& criterion);
json to_json(const AuditInput& input);
json to_json(const NotRun& not_run);
json to_json(const LeftOut& left_out);

template <typename T>
json list(const std::vector<T>& values) {
  json out = json::array();
  for (const T& value : values) {
    out.push_back(to_json(value));
  }
  return out;
}

json to_json(const Estimate& e) {
  const bool reasonless = !e.value && e.reason.empty();
  return {{"value", or_null(e.value)},
          {"log10_value", or_null(e.log10_value)},
          {"reason", reasonless ? json(because("not_recorded")) : or_null(e.reason)},
          {"low", or_null(e.low)},
          {"high", or_null(e.high)},
          {"bound_low", or_null(e.bound_low)},
          {"bound_high", or_null(e.bound_high)},
          {"level", e.level},
          {"sides", e.sides == Sides::one ? "one" : "two"},
          {"method", or_null(e.method)},
          {"count", or_null(e.count)},
          {"n", or_null(e.n)},
          {"persons", or_null(e.persons)},
          {"n_effective", or_null(e.n_effective)},
          {"p_value", or_null(e.p_value)},
          {"p_adjusted", or_null(e.p_adjusted)},
          {"family", or_null(e.family)},
          {"unit", or_null(e.unit)}};
}

json to_json(const std::optional<Estimate>& estimate) {
  return estimate ? to_json(*estimate) : json(nullptr);
}

json to_json(const Control& control) {
  return {{"role", control.role},
          {"finding", or_null(control.finding)},
          {"rule", control.rule},
          {"passed", or_null(control.passed)},
          {"reason", or_null(control.reason)},
          {"rate", to_json(control.rate)},
          {"difference", to_json(control.difference)}};
}

// What may leave private/ of a group too small to publish: that it exists, and why it says nothing.
// Its word goes too: in a group of three, "contradicted" points at a person. Over everything that
// was asked the word stays, since a small audit must not hide a hit.
Finding redacted(const Finding& finding) {
  Finding out;
  out.probe = finding.probe;
  out.probe_version = finding.probe_version;
  out.metric = finding.metric;
  out.stratum = finding.stratum;
  out.arm = finding.arm;
  out.is_control = finding.is_control;
  out.suppressed = true;
  out.estimate.reason = finding.estimate.reason.rfind("suppressed", 0) == 0
                            ? finding.estimate.reason
                        : finding.estimate.persons ? because("suppressed_persons")
                                                   : because("suppressed_strings");
  out.estimate.level = finding.estimate.level;
  out.estimate.sides = finding.estimate.sides;
  out.estimate.method = finding.estimate.method;
  out.estimate.family = finding.estimate.family;
  out.estimate.unit = finding.estimate.unit;
  out.outcome_reason = {"suppressed", out.estimate.reason, std::nullopt};
  if (finding.stratum.key.empty() && finding.outcome == Outcome::contradicted) {
    out.outcome = Outcome::contradicted;
    out.outcome_reason = {"reproduced_suppressed",
                          "strings were reproduced; how many is suppressed", std::nullopt};
  }
  for (const Control& control : finding.controls) {
    out.controls.push_back({control.role, control.finding, control.rule, control.passed,
                            out.estimate.reason, std::nullopt, std::nullopt});
  }
  return out;
}

json to_json(const Finding& finding) {
  json params = json::object();
  for (const auto& [name, value] : finding.metric.params) {
    params[name] = to_json(value);
  }
  json stratum = json::object();
  if (!finding.stratum.key.empty()) {
    stratum[finding.stratum.key] = to_json(finding.stratum.value);
  }
  return {{"id", finding_id(finding)},
          {"probe", {{"name", finding.probe}, {"version", finding.probe_version}}},
          {"metric", {{"name", finding.metric.name}, {"params", params}}},
          {"stratum", stratum},
          {"arm", finding.arm},
          {"control", finding.is_control},
          {"suppressed", finding.suppressed},
          {"outcome", outcome_name(finding.outcome)},
          {"outcome_reason", finding.outcome_reason.text},
          {"outcome_code", finding.outcome_reason.code},
          {"outcome_count", or_null(finding.outcome_reason.count)},
          {"estimate", to_json(finding.estimate)},
          {"controls", list(finding.controls)},
          {"minimum_detectable", or_null(finding.minimum_detectable)},
          {"ambiguous", or_null(finding.ambiguous)},
          {"caveats", list(finding.caveats)},
          {"curve", curve_to_json(finding.curve)}};
}

json to_json(const CriterionOutcome& criterion) {
  return {{"id", criterion.id},
          {"outcome", outcome_name(criterion.outcome)},
          {"findings", criterion.findings}};
}

json to_json(const AuditInput& input) {
  return {{"role", input.role},
          {"digest", input.digest},
          {"key_id", or_null(input.key_id)},
          {"rows", input.rows},
          {"persons", or_null(input.persons)}};
}

json to_json(const NotRun& not_run) {
  return {{"what", not_run.what},
          {"why", not_run.why.text},
          {"why_code", not_run.why.code},
          {"why_count", or_null(not_run.why.count)}};
}

json to_json(const LeftOut& left_out) {
  return {{"reason", left_out.reason}, {"count", left_out.count}};
}

json model_section(const AuditedModel& model) {
  json section = {{"architecture", model.architecture},
                  {"parameters", model.parameters},
                  {"stored_dtype", model.stored_dtype},
                  {"compute_dtype", model.compute_dtype},
                  {"device", model.device},
                  {"threads", model.threads},
                  {"files", list(model.files)},
                  {"sha256", model.sha256}};
  if (!model.quantisation.empty()) {
    section["quantisation"] = model.quantisation;
  }
  return section;
}

json adapter_section(const AdapterInfo& adapter) {
  return {{"kind", adapter.kind},       {"rank", adapter.rank},   {"alpha", adapter.alpha},
          {"weights", adapter.weights}, {"whole", adapter.whole}, {"files", list(adapter.files)},
          {"sha256", adapter.sha256}};
}

json object_section(const Evidence& e) {
  const json tokenizer = {{"kind", e.tokenizer.kind},
                          {"vocabulary", e.tokenizer.vocabulary},
                          {"bos", e.tokenizer.bos},
                          {"prepended_ids", e.tokenizer.prepended_ids},
                          {"unicode_version", or_null(e.tokenizer.unicode_version)}};
  return {{"model", model_section(e.model)},
          {"tokenizer", tokenizer},
          {"reference", e.reference ? model_section(*e.reference) : json()},
          {"adapter", e.adapter ? adapter_section(*e.adapter) : json()}};
}

json protocol_section(const Evidence& e) {
  // A JSON number is a double; a larger seed is written as decimal digits so that it stays exact.
  constexpr std::uint64_t kLargestExact = (std::uint64_t{1} << 53) - 1;
  return {{"suite", {{"name", e.suite_name}, {"sha256", e.suite_sha256}}},
          {"seed", e.seed <= kLargestExact ? json(e.seed) : json(std::to_string(e.seed))},
          {"threat_model", e.threat_model.is_null() ? json::object() : e.threat_model},
          {"near_tie_delta", e.near_tie_delta},
          {"parameters", e.parameters.is_null() ? json::object() : e.parameters},
          {"inputs", list(e.inputs)},
          {"deviations", list(e.deviations)}};
}

}  // namespace

Evidence published(const Evidence& evidence) {
  Evidence out = evidence;
  for (Finding& finding : out.findings) {
    if (finding.suppressed) {
      finding = redacted(finding);
    }
  }
  return out;
}

json to_json(const Evidence& original) {
  const Evidence e = published(original);
  return {{"schema", kEvidenceSchema},
          {"tool", e.tool.is_null() ? json::object() : e.tool},
          {"run", e.run.is_null() ? json::object() : e.run},
          {"object", object_section(e)},
          {"protocol", protocol_section(e)},
          {"findings", list(e.findings)},
          {"criteria", list(e.criteria)},
          {"criteria_version", e.criteria_version},
          {"coverage",
           {{"not_run", list(e.not_run)},
            {"requests", e.requests},
            {"scored_tokens", e.scored_tokens},
            {"left_out", list(e.left_out)}}},
          {"gate", e.gate},
          {"context", context_to_json(e.context)},
          {"demo", demo_to_json(e.demo)}};
}

}  // namespace souvenir
