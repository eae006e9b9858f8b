// What the controller declares of the system and its use, and the truth table of a demonstration.

#include <algorithm>

#include "reports/html_page.h"

namespace souvenir {

namespace {

using nlohmann::json;

void add_row(const Words& words, const char* code, const std::string& text, json& rows) {
  if (!text.empty()) {
    rows.push_back({{"label", words.plain(code)}, {"value_html", isolated(text).markup}});
  }
}

Html release_context(const Words& words, const AuditContext& context) {
  const std::string code = "context.release." + context.release_context;
  return words.has(code) ? words.say(code) : isolated(context.release_context);
}

// What a measure changed, where a finding of this audit speaks of it.
Html effect_of(const Page& page, const Mitigation& mitigation) {
  const Words& words = page.words;
  if (mitigation.finding.empty()) {
    return words.say("context.not_measured");
  }
  const Finding* finding = find_finding(page.evidence, mitigation.finding);
  if (finding == nullptr) {
    return words.fill("context.measured_elsewhere",
                      {{"finding", {"<code>" + escaped(mitigation.finding).markup + "</code>"}}});
  }
  return finding_name(words, *finding, mitigation.finding);
}

json mitigation_rows(const Page& page, const AuditContext& context) {
  json rows = json::array();
  for (const Mitigation& mitigation : context.mitigations) {
    const std::string code = "context.stage." + mitigation.stage;
    rows.push_back(
        {{"stage_html",
          (page.words.has(code) ? page.words.say(code) : isolated(mitigation.stage)).markup},
         {"text_html", isolated(mitigation.description).markup},
         {"effect_html", effect_of(page, mitigation).markup}});
  }
  return rows;
}

json fact_rows(const Words& words, const AuditContext& context) {
  json rows = json::array();
  add_row(words, "context.system", context.system, rows);
  add_row(words, "context.version", context.version, rows);
  add_row(words, "context.controller", context.controller, rows);
  add_row(words, "context.commissioner", context.commissioner, rows);
  add_row(words, "context.operator", context.operator_name, rows);
  add_row(words, "context.dpo", context.dpo, rows);
  rows.push_back({{"label", words.plain("context.release")},
                  {"value_html", release_context(words, context).markup}});
  add_row(words, "context.release_note", context.release_note, rows);
  add_row(words, "context.intended_use", context.intended_use, rows);
  add_row(words, "context.purpose", context.purpose, rows);
  add_row(words, "context.training_data", context.training_data, rows);
  add_row(words, "context.legal_basis", context.legal_basis, rows);
  add_row(words, "context.valid_until", context.valid_until, rows);
  add_row(words, "context.remark", context.remark, rows);
  return rows;
}

// What was expected or found, in the page's language where the evidence has it.
Html figures(const Words& words, const std::string& english, const std::string& french) {
  if (words.language() == Language::en) return isolated(english);
  if (!french.empty()) return isolated(french);
  return {"<bdi lang=\"en\">" + escaped(english).markup + "</bdi>"};
}

}  // namespace

Html context_section(const Page& page) {
  if (!page.evidence.context) {
    return render_template("context", {{"none", true}}, page.words);
  }
  const AuditContext& context = *page.evidence.context;
  const json mitigations = mitigation_rows(page, context);
  json filters = json::array();
  for (const std::string& filter : context.filters) {
    filters.push_back({{"text_html", isolated(filter).markup}});
  }
  return render_template(
      "context",
      {{"none", false},
       {"rows", fact_rows(page.words, context)},
       {"mitigations", mitigations},
       {"has_mitigations", !mitigations.empty()},
       {"filters", filters},
       {"has_filters", !filters.empty()},
       {"open_weights", context.release_context == "open_weights"},
       {"sha256_html", "<code class=\"digest\">" + escaped(context.sha256).markup + "</code>"}},
      page.words);
}

Html demo_section(const Page& page) {
  if (!page.evidence.demo) {
    return {};
  }
  const Words& words = page.words;
  const std::vector<DemoRow>& claims = page.evidence.demo->rows;
  json rows = json::array();
  for (const DemoRow& row : claims) {
    const std::string code = "demo.claim." + row.claim;
    const std::string state = !row.holds ? "undecided" : *row.holds ? "met" : "not_met";
    Html claim = isolated(row.text.empty() ? row.claim : row.text);
    if (words.has(code)) {
      claim = words.say(code);
    } else if (words.language() == Language::fr && !row.text.empty()) {
      claim = {"<bdi lang=\"en\">" + escaped(row.text).markup + "</bdi>"};
    }
    rows.push_back(
        {{"claim_html", claim.markup},
         {"expected_html",
          row.expected.empty() ? "" : figures(words, row.expected, row.expected_fr).markup},
         {"found_html", row.found.empty() ? "" : figures(words, row.found, row.found_fr).markup},
         {"state", state},
         {"state_html", words.say("demo." + state).markup}});
  }
  const auto held = std::count_if(claims.begin(), claims.end(),
                                  [](const DemoRow& row) { return row.holds.value_or(false); });
  const Html count =
      words.fill("demo.count", {{"held", words.count(held)},
                                {"total", words.count(static_cast<std::int64_t>(claims.size()))}});
  return render_template("demo", {{"rows", rows}, {"count_html", count.markup}}, words);
}

}  // namespace souvenir
