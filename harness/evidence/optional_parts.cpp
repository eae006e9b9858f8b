#include "harness/evidence/optional_parts.h"

#include <string>

#include "harness/error.h"

namespace souvenir {

namespace {

using nlohmann::json;

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

// Fields of the context that are plain text, by the name they have in JSON.
struct ContextText {
  const char* name;
  std::string AuditContext::*field;
};
constexpr ContextText kContextTexts[] = {
    {"system", &AuditContext::system},
    {"version", &AuditContext::version},
    {"controller", &AuditContext::controller},
    {"commissioner", &AuditContext::commissioner},
    {"operator", &AuditContext::operator_name},
    {"dpo", &AuditContext::dpo},
    {"release_context", &AuditContext::release_context},
    {"release_note", &AuditContext::release_note},
    {"intended_use", &AuditContext::intended_use},
    {"purpose", &AuditContext::purpose},
    {"training_data", &AuditContext::training_data},
    {"legal_basis", &AuditContext::legal_basis},
    {"valid_until", &AuditContext::valid_until},
    {"remark", &AuditContext::remark},
    {"sha256", &AuditContext::sha256},
};

// Why a curve is none; empty if it is one.
std::string curve_fault(const std::vector<CurvePoint>& curve) {
  if (curve.size() > kMaxCurvePoints) {
    return "expected at most " + std::to_string(kMaxCurvePoints) + " points, found " +
           std::to_string(curve.size());
  }
  CurvePoint last;
  for (const CurvePoint& point : curve) {
    const bool rises = point.false_positive_rate >= last.false_positive_rate &&
                       point.true_positive_rate >= last.true_positive_rate;
    if (!rises || !(point.false_positive_rate <= 1.0) || !(point.true_positive_rate <= 1.0)) {
      return "expected points that do not fall, from 0 to 1, found others";
    }
    last = point;
  }
  return "";
}

}  // namespace

json context_to_json(const std::optional<AuditContext>& context) {
  if (!context) {
    return nullptr;
  }
  json out;
  for (const ContextText& text : kContextTexts) {
    out[text.name] = text_or_null((*context).*text.field);
  }
  out["mitigations"] = json::array();
  for (const Mitigation& row : context->mitigations) {
    out["mitigations"].push_back({{"stage", row.stage},
                                  {"description", row.description},
                                  {"finding", text_or_null(row.finding)}});
  }
  out["filters"] = context->filters;
  return out;
}

std::optional<AuditContext> read_context(const JsonNode& node) {
  if (node.absent()) {
    return std::nullopt;
  }
  AuditContext context;
  for (const ContextText& text : kContextTexts) {
    context.*text.field = node.get(text.name).text_or("");
  }
  for (const JsonNode& row : node.get("mitigations").items()) {
    context.mitigations.push_back({row.get("stage").text_or(""), row.require("description").text(),
                                   row.get("finding").text_or("")});
  }
  for (const JsonNode& row : node.get("filters").items()) {
    context.filters.push_back(row.text());
  }
  return context;
}

json demo_to_json(const std::optional<Demo>& demo) {
  if (!demo) {
    return nullptr;
  }
  json rows = json::array();
  for (const DemoRow& row : demo->rows) {
    rows.push_back({{"claim", row.claim},
                    {"text", row.text},
                    {"expected", text_or_null(row.expected)},
                    {"found", text_or_null(row.found)},
                    {"expected_fr", text_or_null(row.expected_fr)},
                    {"found_fr", text_or_null(row.found_fr)},
                    {"holds", row.holds ? json(*row.holds) : json(nullptr)}});
  }
  return {{"rows", rows}};
}

std::optional<Demo> read_demo(const JsonNode& node) {
  if (node.absent()) {
    return std::nullopt;
  }
  Demo demo;
  for (const JsonNode& row : node.require("rows").items()) {
    demo.rows.push_back({row.require("claim").text(), row.get("text").text_or(""),
                         row.get("expected").text_or(""), row.get("found").text_or(""),
                         row.get("holds").optional_boolean(), row.get("expected_fr").text_or(""),
                         row.get("found_fr").text_or("")});
  }
  return demo;
}

json curve_to_json(const std::vector<CurvePoint>& curve) {
  if (curve.empty()) {
    return nullptr;
  }
  if (const std::string fault = curve_fault(curve); !fault.empty()) {
    throw Error(ErrorKind::internal, "evidence: curve: " + fault);
  }
  json out = json::array();
  for (const CurvePoint& point : curve) {
    out.push_back({point.false_positive_rate, point.true_positive_rate});
  }
  return out;
}

std::vector<CurvePoint> read_curve(const JsonNode& node) {
  std::vector<CurvePoint> curve;
  for (const JsonNode& row : node.items()) {
    const std::vector<JsonNode> point = row.items();
    if (point.size() != 2) {
      row.fail("expected two numbers, found " + std::to_string(point.size()));
    }
    curve.push_back({point[0].number(), point[1].number()});
  }
  if (const std::string fault = curve_fault(curve); !fault.empty()) {
    node.fail(fault);
  }
  return curve;
}

}  // namespace souvenir
