// What a person has to fill in, how to run the audit again, and what the words mean.

#include <algorithm>

#include "reports/html_page.h"

namespace souvenir {

namespace {

using nlohmann::json;

Html digest(const std::string& hex) {
  return {"<code class=\"digest\">" + escaped(hex).markup + "</code>"};
}

std::string has_role(const Evidence& evidence, const std::string& role) {
  const bool has = std::any_of(evidence.inputs.begin(), evidence.inputs.end(),
                               [&](const AuditInput& input) { return input.role == role; });
  return has ? role : "";
}

// As one would type it; names of files are the reader's to fill in.
std::string command(const Evidence& evidence) {
  std::string out = "souvenir audit MODEL --suite " + evidence.suite_name;
  for (const char* role : {"subjects", "canaries", "corpus", "context", "policy"}) {
    if (!has_role(evidence, role).empty()) {
      out += std::string(" --") + role + " FILE";
    }
  }
  if (evidence.reference) {
    out += " --reference MODEL";
  }
  out += " --seed " + std::to_string(evidence.seed);
  if (!evidence.model.compute_dtype.empty()) {
    out += " --dtype " + evidence.model.compute_dtype;
  }
  out += " --threads " + std::to_string(evidence.model.threads);
  return out + " --out DIR";
}

// Objects as "name.name: value" lines, since a reader of paper cannot fold them.
void add_lines(const json& value, const std::string& name, json& rows) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, member] : value.items()) {
      add_lines(member, name.empty() ? key : name + "." + key, rows);
    }
    return;
  }
  rows.push_back(
      {{"key", name},
       {"value", value.is_string() ? value.get<std::string>()
                                   : value.dump(-1, ' ', false, json::error_handler_t::replace)}});
}

}  // namespace

Html human_section(const Page& page) {
  json fields = json::array();
  for (const char* code : {"human.controller", "human.dpo", "human.balance", "human.findings"}) {
    fields.push_back({{"label", page.words.plain(code)}});
  }
  return render_template("human", {{"fields", fields}}, page.words);
}

Html again_section(const Page& page) {
  const Words& words = page.words;
  const Evidence& e = page.evidence;
  json inputs = json::array();
  bool keyed = false;
  for (const AuditInput& input : e.inputs) {
    const std::string role = "input." + input.role;
    keyed = keyed || !input.key_id.empty();
    inputs.push_back({{"role", words.has(role) ? words.plain(role) : input.role},
                      {"digest_html", digest(input.digest).markup},
                      {"key_html", input.key_id.empty() ? "" : digest(input.key_id).markup},
                      {"rows_html", words.count(input.rows).markup},
                      {"persons_html", input.persons ? words.count(*input.persons).markup : ""}});
  }
  json parameters = json::array();
  if (e.parameters.is_object()) {
    add_lines(e.parameters, "", parameters);
  }
  json run = json::array();
  add_lines(e.tool.is_object() ? e.tool : json::object(), "", run);
  add_lines(e.run.is_object() ? e.run : json::object(), "", run);
  json model = {{"command", command(e)},
                {"inputs", inputs},
                {"has_inputs", !inputs.empty()},
                {"keyed", keyed},
                {"near_tie_html", words.number(e.near_tie_delta).markup},
                {"suite_html", digest(e.suite_sha256).markup},
                {"parameters", parameters},
                {"has_parameters", !parameters.empty()},
                {"run", run}};
  if (!page.options.evidence_sha256.empty()) {
    model["evidence_html"] = digest(page.options.evidence_sha256).markup;
  }
  return render_template("again", model, words);
}

Html glossary_section(const Page& page) {
  const Words& words = page.words;
  const Words other(words.language() == Language::en ? Language::fr : Language::en);
  json rows = json::array();
  for (const std::string& code : text_codes()) {
    if (code.rfind("glossary.", 0) == 0 && code.size() > 5 &&
        code.substr(code.size() - 5) == ".term") {
      const std::string means = code.substr(0, code.size() - 5) + ".means";
      rows.push_back({{"term", words.plain(code)},
                      {"other", other.plain(code)},
                      {"other_lang", other.code()},
                      {"means", words.plain(means)}});
    }
  }
  std::sort(rows.begin(), rows.end(), [](const json& a, const json& b) {
    return a["term"].get_ref<const std::string&>() < b["term"].get_ref<const std::string&>();
  });
  return render_template("glossary", {{"rows", rows}}, words);
}

}  // namespace souvenir
