#include <array>
#include <string>
#include <utility>

#include "harness/evidence/json_node.h"
#include "reports/gate.h"

namespace souvenir {
namespace {

using nlohmann::json;

constexpr std::array kVerdicts{Verdict::pass, Verdict::inconclusive, Verdict::fail};

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

// Fields that are not set are left out, so that what comes out is again a policy.
json policy_json(const Limit& limit) {
  json out = {{"finding", limit.finding}};
  if (limit.at_most) out["at_most"] = *limit.at_most;
  if (limit.max_count) out["max_count"] = *limit.max_count;
  if (limit.not_worse_than_baseline) out["not_worse_than_baseline"] = true;
  if (limit.min_n) out["min_n"] = *limit.min_n;
  if (!limit.require_controls.empty()) out["require_controls"] = limit.require_controls;
  if (!limit.owner.empty()) out["owner"] = limit.owner;
  if (!limit.reason.empty()) out["reason"] = limit.reason;
  if (!limit.date.empty()) out["date"] = limit.date;
  return out;
}

json waiver_json(const Waiver& waiver, const WaiverState& state) {
  return {{"finding", waiver.finding}, {"owner", waiver.owner},    {"reason", waiver.reason},
          {"expires", waiver.expires}, {"expired", state.expired}, {"used", state.used}};
}

json rule_json(const RuleResult& rule) {
  return {{"rule", rule.rule},
          {"verdict", verdict_name(rule.verdict)},
          {"code", rule.why.code},
          {"why", rule.why.text},
          {"needed", or_null(rule.why.count)}};
}

json check_json(const GateCheck& check) {
  json rules = json::array();
  for (const RuleResult& rule : check.rules) rules.push_back(rule_json(rule));
  return {{"limit", check.limit},
          {"finding", check.finding.empty() ? json(nullptr) : json(check.finding)},
          {"arm", check.arm.empty() ? json(nullptr) : json(check.arm)},
          {"control", check.control},
          {"verdict", verdict_name(check.verdict)},
          {"waiver", or_null(check.waiver)},
          {"value", or_null(check.value)},
          {"bound_low", or_null(check.bound_low)},
          {"bound_high", or_null(check.bound_high)},
          {"bounds_from", check.bounds_from.empty() ? json(nullptr) : json(check.bounds_from)},
          {"count", or_null(check.count)},
          {"n", or_null(check.n)},
          {"persons", or_null(check.persons)},
          {"rules", rules}};
}

Verdict read_verdict(const JsonNode& node) {
  const std::string name = node.text();
  for (const Verdict verdict : kVerdicts) {
    if (name == verdict_name(verdict)) return verdict;
  }
  node.fail("expected pass, inconclusive or fail");
}

Limit read_limit(const JsonNode& node) {
  Limit limit;
  limit.finding = node.require("finding").text();
  limit.at_most = node.get("at_most").optional_number();
  limit.max_count = node.get("max_count").optional_count();
  limit.not_worse_than_baseline =
      node.get("not_worse_than_baseline").optional_boolean().value_or(false);
  limit.min_n = node.get("min_n").optional_count();
  for (const JsonNode& role : node.get("require_controls").items()) {
    limit.require_controls.push_back(role.text());
  }
  limit.owner = node.get("owner").text_or("");
  limit.reason = node.get("reason").text_or("");
  limit.date = node.get("date").text_or("");
  return limit;
}

// An index into a list; none if absent.
std::optional<std::size_t> read_index(const JsonNode& node, std::size_t size) {
  const auto index = node.optional_count();
  if (!index) return std::nullopt;
  if (static_cast<std::size_t>(*index) >= size) node.fail("expected the index of one there is");
  return static_cast<std::size_t>(*index);
}

GateCheck read_check(const JsonNode& node, const Policy& policy) {
  GateCheck check;
  check.limit = read_index(node.require("limit"), policy.limits.size()).value_or(0);
  check.finding = node.get("finding").text_or("");
  check.arm = node.get("arm").text_or("");
  check.control = node.get("control").optional_boolean().value_or(false);
  check.verdict = read_verdict(node.require("verdict"));
  check.waiver = read_index(node.get("waiver"), policy.waivers.size());
  check.value = node.get("value").optional_number();
  check.bound_low = node.get("bound_low").optional_number();
  check.bound_high = node.get("bound_high").optional_number();
  check.bounds_from = node.get("bounds_from").text_or("");
  check.count = node.get("count").optional_count();
  check.n = node.get("n").optional_count();
  check.persons = node.get("persons").optional_count();
  for (const JsonNode& rule : node.require("rules").items()) {
    check.rules.push_back({rule.require("rule").text(),
                           read_verdict(rule.require("verdict")),
                           {rule.get("code").text_or(""), rule.require("why").text(),
                            rule.get("needed").optional_number()}});
  }
  return check;
}

}  // namespace

json gate_json(const GateResult& result) {
  json limits = json::array();
  for (const Limit& limit : result.policy.limits) limits.push_back(policy_json(limit));
  json waivers = json::array();
  for (std::size_t i = 0; i < result.waivers.size(); ++i) {
    waivers.push_back(waiver_json(result.policy.waivers.at(i), result.waivers[i]));
  }
  json checks = json::array();
  for (const GateCheck& check : result.checks) checks.push_back(check_json(check));
  return {{"verdict", verdict_name(result.verdict)},
          {"policy_schema", kPolicySchema},
          {"limits", limits},
          {"waivers", waivers},
          {"checks", checks}};
}

GateResult gate_from_json(const json& gate) {
  const JsonNode root(&gate, "/gate");
  GateResult result;
  result.verdict = read_verdict(root.require("verdict"));
  for (const JsonNode& limit : root.require("limits").items()) {
    result.policy.limits.push_back(read_limit(limit));
  }
  for (const JsonNode& node : root.require("waivers").items()) {
    result.policy.waivers.push_back({node.require("finding").text(), node.get("owner").text_or(""),
                                     node.get("reason").text_or(""),
                                     node.require("expires").text()});
    result.waivers.push_back(
        {node.require("expired").optional_boolean().value_or(true),
         static_cast<std::size_t>(node.get("used").optional_count().value_or(0))});
  }
  for (const JsonNode& check : root.require("checks").items()) {
    result.checks.push_back(read_check(check, result.policy));
  }
  return result;
}

}  // namespace souvenir
