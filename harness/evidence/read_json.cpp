#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/evidence/json_node.h"
#include "harness/evidence/optional_parts.h"
#include "harness/evidence/strict_json.h"

namespace souvenir {

namespace {

ParamValue read_param(const JsonNode& node) {
  const nlohmann::json& value = node.value();
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_boolean()) {
    return value.get<bool>();
  }
  if (value.is_number_integer()) {
    return node.integer();
  }
  return node.number();
}

// A remark may be a plain string where another tool wrote it.
Remark read_remark(const JsonNode& node) {
  if (node.value().is_string()) {
    return {"", node.text(), std::nullopt};
  }
  return {node.get("code").text_or(""), node.require("text").text(),
          node.get("count").optional_number()};
}

Estimate read_estimate(const JsonNode& node) {
  Estimate e;
  e.value = node.get("value").optional_number();
  e.log10_value = node.get("log10_value").optional_number();
  e.reason = node.get("reason").text_or("");
  e.low = node.get("low").optional_number();
  e.high = node.get("high").optional_number();
  e.bound_low = node.get("bound_low").optional_number();
  e.bound_high = node.get("bound_high").optional_number();
  e.level = node.get("level").optional_number().value_or(e.level);
  const std::string sides = node.get("sides").text_or("two");
  if (sides != "one" && sides != "two") {
    node.get("sides").fail("expected \"one\" or \"two\"");
  }
  e.sides = sides == "one" ? Sides::one : Sides::two;
  e.method = node.get("method").text_or("");
  e.count = node.get("count").optional_count();
  e.n = node.get("n").optional_count();
  e.persons = node.get("persons").optional_count();
  e.n_effective = node.get("n_effective").optional_number();
  e.p_value = node.get("p_value").optional_number();
  e.p_adjusted = node.get("p_adjusted").optional_number();
  e.family = node.get("family").text_or("");
  e.unit = node.get("unit").text_or("");
  return e;
}

std::optional<Estimate> read_optional_estimate(const JsonNode& node) {
  return node.absent() ? std::nullopt : std::optional<Estimate>(read_estimate(node));
}

Control read_control(const JsonNode& node) {
  return {node.require("role").text(),
          node.get("finding").text_or(""),
          node.get("rule").text_or(""),
          node.get("passed").optional_boolean(),
          node.get("reason").text_or(""),
          read_optional_estimate(node.get("rate")),
          read_optional_estimate(node.get("difference"))};
}

Outcome read_outcome(const JsonNode& node) {
  const std::optional<Outcome> outcome = outcome_from_name(node.text());
  if (!outcome) {
    node.fail("expected one of the six outcomes");
  }
  return *outcome;
}

void read_stratum(const JsonNode& node, Finding& finding) {
  const auto members = node.members();
  if (members.size() > 1) {
    node.fail("expected no key or one, found " + std::to_string(members.size()));
  }
  if (!members.empty()) {
    finding.stratum = {members[0].first, read_param(members[0].second)};
  }
}

Finding read_finding(const JsonNode& node) {
  Finding f;
  f.probe = node.require("probe").require("name").text();
  f.probe_version = node.get("probe").get("version").text_or("");
  f.metric.name = node.require("metric").require("name").text();
  for (const auto& [name, value] : node.get("metric").get("params").members()) {
    f.metric.params.emplace_back(name, read_param(value));
  }
  read_stratum(node.get("stratum"), f);
  f.arm = node.get("arm").text_or("model");
  // Where another tool did not say, the strings known not to be in the training data are controls.
  const auto* value = std::get_if<std::string>(&f.stratum.value);
  const bool known_non_members = f.stratum.key == "member" && value != nullptr && *value == "no";
  f.is_control = node.get("control").optional_boolean().value_or(known_non_members);
  f.suppressed = node.get("suppressed").optional_boolean().value_or(false);
  f.outcome = read_outcome(node.require("outcome"));
  f.outcome_reason = {node.get("outcome_code").text_or(""), node.get("outcome_reason").text_or(""),
                      node.get("outcome_count").optional_number()};
  f.estimate = read_estimate(node.require("estimate"));
  for (const JsonNode& control : node.get("controls").items()) {
    f.controls.push_back(read_control(control));
  }
  f.minimum_detectable = node.get("minimum_detectable").optional_number();
  f.ambiguous = node.get("ambiguous").optional_count();
  for (const JsonNode& caveat : node.get("caveats").items()) {
    f.caveats.push_back(read_remark(caveat));
  }
  f.curve = read_curve(node.get("curve"));
  return f;
}

FileDigest read_file_digest(const JsonNode& node) {
  return {node.require("name").text(),
          static_cast<std::uint64_t>(node.require("bytes").optional_count().value_or(0)),
          node.require("sha256").text()};
}

AuditedModel read_model(const JsonNode& node) {
  AuditedModel model;
  model.architecture = node.get("architecture").text_or("");
  model.parameters = node.get("parameters").optional_count().value_or(0);
  model.stored_dtype = node.get("stored_dtype").text_or("");
  model.quantisation = node.get("quantisation").text_or("");
  model.compute_dtype = node.get("compute_dtype").text_or("");
  model.device = node.get("device").text_or("");
  model.threads = static_cast<int>(node.get("threads").optional_count().value_or(1));
  for (const JsonNode& file : node.get("files").items()) {
    model.files.push_back(read_file_digest(file));
  }
  model.sha256 = node.get("sha256").text_or("");
  return model;
}

AdapterInfo read_adapter_info(const JsonNode& node) {
  AdapterInfo adapter;
  adapter.kind = node.get("kind").text_or("");
  adapter.rank = node.get("rank").optional_count().value_or(0);
  adapter.alpha = node.get("alpha").optional_number().value_or(0.0);
  adapter.weights = node.get("weights").optional_count().value_or(0);
  adapter.whole = node.get("whole").optional_count().value_or(0);
  for (const JsonNode& file : node.get("files").items()) {
    adapter.files.push_back(read_file_digest(file));
  }
  adapter.sha256 = node.get("sha256").text_or("");
  return adapter;
}

void read_object(const JsonNode& node, Evidence& e) {
  e.model = read_model(node.get("model"));
  if (!node.get("reference").absent()) e.reference = read_model(node.get("reference"));
  if (!node.get("adapter").absent()) e.adapter = read_adapter_info(node.get("adapter"));
  const JsonNode tokenizer = node.get("tokenizer");
  e.tokenizer.kind = tokenizer.get("kind").text_or("");
  e.tokenizer.vocabulary = tokenizer.get("vocabulary").optional_count().value_or(0);
  const JsonNode bos = tokenizer.get("bos");
  e.tokenizer.bos = bos.absent() || bos.value().is_string() ? bos.text_or("") : bos.value().dump();
  for (const JsonNode& id : tokenizer.get("prepended_ids").items()) {
    e.tokenizer.prepended_ids.push_back(static_cast<TokenId>(id.integer()));
  }
  e.tokenizer.unicode_version = tokenizer.get("unicode_version").text_or("");
}

std::uint64_t read_seed(const JsonNode& node) {
  if (node.absent()) {
    return 0;
  }
  if (!node.value().is_string()) {
    return static_cast<std::uint64_t>(node.optional_count().value_or(0));
  }
  const std::string digits = node.text();
  const bool decimal = !digits.empty() && digits.size() <= 20 &&
                       digits.find_first_not_of("0123456789") == std::string::npos;
  try {
    if (decimal) {
      return std::stoull(digits);
    }
  } catch (const std::out_of_range&) {
    // said below
  }
  node.fail("expected an unsigned 64-bit number");
}

void read_protocol(const JsonNode& node, Evidence& e) {
  e.suite_name = node.get("suite").get("name").text_or("");
  e.suite_sha256 = node.get("suite").get("sha256").text_or("");
  e.seed = read_seed(node.get("seed"));
  e.threat_model = node.get("threat_model").raw();
  e.near_tie_delta = node.get("near_tie_delta").optional_number().value_or(0.0);
  e.parameters = node.get("parameters").raw();
  for (const JsonNode& input : node.get("inputs").items()) {
    e.inputs.push_back({input.require("role").text(), input.get("digest").text_or(""),
                        input.get("key_id").text_or(""),
                        input.get("rows").optional_count().value_or(0),
                        input.get("persons").optional_count()});
  }
  for (const JsonNode& deviation : node.get("deviations").items()) {
    e.deviations.push_back(read_remark(deviation));
  }
}

void read_coverage(const JsonNode& node, Evidence& e) {
  for (const JsonNode& row : node.get("not_run").items()) {
    e.not_run.push_back({row.require("what").text(),
                         {row.get("why_code").text_or(""), row.get("why").text_or(""),
                          row.get("why_count").optional_number()}});
  }
  e.requests = node.get("requests").optional_count().value_or(0);
  e.scored_tokens = node.get("scored_tokens").optional_count().value_or(0);
  for (const JsonNode& row : node.get("left_out").items()) {
    e.left_out.push_back(
        {row.require("reason").text(), row.get("count").optional_count().value_or(0)});
  }
}

void require_schema(const nlohmann::json& document) {
  const auto at = document.is_object() ? document.find("schema") : document.end();
  if (!document.is_object() || at == document.end() || !at->is_string()) {
    throw Error(ErrorKind::input, std::string("evidence: expected an object with \"schema\": \"") +
                                      kEvidenceSchema + "\", found none");
  }
  if (at->get_ref<const std::string&>() != kEvidenceSchema) {
    throw Error(ErrorKind::input, std::string("evidence: /schema: expected \"") + kEvidenceSchema +
                                      "\", found another schema or version");
  }
}

}  // namespace

Evidence evidence_from_json(std::string_view text) {
  const nlohmann::json document = strict_json(text, "evidence", ErrorKind::integrity);
  require_schema(document);
  const JsonNode root(&document, "");
  Evidence e;
  e.tool = root.get("tool").raw();
  e.run = root.get("run").raw();
  read_object(root.get("object"), e);
  read_protocol(root.get("protocol"), e);
  for (const JsonNode& finding : root.require("findings").items()) {
    e.findings.push_back(read_finding(finding));
  }
  for (const JsonNode& row : root.get("criteria").items()) {
    CriterionOutcome criterion{row.require("id").text(), read_outcome(row.require("outcome")), {}};
    for (const JsonNode& id : row.get("findings").items()) {
      criterion.findings.push_back(id.text());
    }
    e.criteria.push_back(std::move(criterion));
  }
  e.criteria_version = root.get("criteria_version").text_or("");
  read_coverage(root.get("coverage"), e);
  e.gate = root.get("gate").raw();
  e.context = read_context(root.get("context"));
  e.demo = read_demo(root.get("demo"));
  return e;
}

}  // namespace souvenir
