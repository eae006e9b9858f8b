// What was tested, from whose point of view, and which attacks were run.

#include "reports/html_page.h"

namespace souvenir {

namespace {

using nlohmann::json;

json row(const Words& words, const char* code, const Html& value) {
  return {{"label", words.plain(code)}, {"value_html", value.markup}};
}

Html or_unknown(const Words& words, const std::string& text) {
  return text.empty() ? words.say("page.unknown") : isolated(text);
}

Html digest(const std::string& hex) {
  return {"<code class=\"digest\">" + escaped(hex).markup + "</code>"};
}

// A value of the threat model: text, or anything that JSON holds, on one line each.
Html written(const Words& words, const json& value) {
  if (value.is_array()) {
    std::string out;
    for (const json& part : value) {
      out += "<span class=\"line\">" + written(words, part).markup + "</span> ";
    }
    return {out};
  }
  if (!value.is_string()) {
    return isolated(value.dump(-1, ' ', false, json::error_handler_t::replace));
  }
  const std::string text = value.get<std::string>();
  const std::string level = "threat.level." + text;
  if (words.has(level)) {
    return pair_of(words, escaped(text), words.say(level));
  }
  return {"<bdi" + std::string(words.language() == Language::fr ? " lang=\"en\"" : "") + ">" +
          escaped(text).markup + "</bdi>"};
}

json coverage_row(const Page& page, const char* attack, const char* criterion) {
  const bool run = is_run(page, criterion);
  const bool verbatim_only = run && std::string_view(attack) == "regurgitation";
  return {{"attack", page.words.plain(std::string("coverage.") + attack)},
          {"criterion", criterion},
          {"run", run},
          {"state", page.words.plain(verbatim_only ? "coverage.run_verbatim"
                                     : run         ? "coverage.run"
                                                   : "coverage.not_run")}};
}

}  // namespace

Html object_section(const Page& page) {
  const Words& words = page.words;
  const AuditedModel& model = page.evidence.model;
  const AuditedTokenizer& tokenizer = page.evidence.tokenizer;
  bool system = false;
  for (const Finding& finding : page.evidence.findings) {
    system = system || finding.arm == "system";
  }
  json rows = json::array();
  rows.push_back(
      row(words, "object.level", words.say(system ? "object.level_system" : "object.level_model")));
  rows.push_back(row(words, "object.architecture", or_unknown(words, model.architecture)));
  rows.push_back(row(words, "object.parameters", words.count(model.parameters)));
  rows.push_back(row(words, "object.stored_dtype", or_unknown(words, model.stored_dtype)));
  if (!model.quantisation.empty()) {
    rows.push_back(
        row(words, "object.quantisation",
            words.fill("object.quantised_text", {{"types", isolated(model.quantisation)}})));
  }
  rows.push_back(row(words, "object.compute_dtype", or_unknown(words, model.compute_dtype)));
  rows.push_back(row(words, "object.device", or_unknown(words, model.device)));
  rows.push_back(row(words, "object.threads", words.count(model.threads)));
  rows.push_back(row(words, "object.tokenizer", or_unknown(words, tokenizer.kind)));
  rows.push_back(row(words, "object.vocabulary", words.count(tokenizer.vocabulary)));
  rows.push_back(row(words, "object.bos", or_unknown(words, tokenizer.bos)));
  Html reference = words.say("object.none");
  if (page.evidence.reference) {
    reference = joined(words, {or_unknown(words, page.evidence.reference->architecture),
                               words.count(page.evidence.reference->parameters),
                               digest(page.evidence.reference->sha256)});
  }
  rows.push_back(row(words, "object.reference", reference));
  Html adapter = words.say("object.none");
  if (page.evidence.adapter) {
    const AdapterInfo& merged = *page.evidence.adapter;
    std::vector<Html> parts = {
        isolated(merged.kind),
        words.fill("object.adapter_text",
                   {{"rank", words.count(merged.rank)}, {"weights", words.count(merged.weights)}})};
    if (merged.whole > 0) {
      parts.push_back(words.fill("object.adapter_whole", {{"whole", words.count(merged.whole)}}));
    }
    parts.push_back(digest(merged.sha256));
    adapter = joined(words, parts);
  }
  rows.push_back(row(words, "object.adapter", adapter));
  rows.push_back(row(words, "object.sha256", digest(model.sha256)));
  json files = json::array();
  for (const FileDigest& file : model.files) {
    files.push_back({{"name", file.name},
                     {"bytes_html", words.count(static_cast<std::int64_t>(file.bytes)).markup},
                     {"digest_html", digest(file.sha256).markup}});
  }
  return render_template("object",
                         {{"rows", rows}, {"files", files}, {"has_files", !files.empty()}}, words);
}

Html threat_section(const Page& page) {
  const Words& words = page.words;
  json rows = json::array();
  if (page.evidence.threat_model.is_object()) {
    for (const auto& [key, value] : page.evidence.threat_model.items()) {
      const std::string code = "threat." + key;
      rows.push_back({{"label", words.has(code) ? words.plain(code) : key},
                      {"value_html", written(words, value).markup}});
    }
  }
  const json coverage = {
      coverage_row(page, "extraction", "AN-01"),    coverage_row(page, "queries", "AN-02"),
      coverage_row(page, "regurgitation", "AN-03"), coverage_row(page, "membership", "AN-04"),
      coverage_row(page, "attribute", "AN-05"),     coverage_row(page, "exfiltration", "AN-06"),
      coverage_row(page, "inversion", "AN-06"),     coverage_row(page, "reconstruction", "AN-06")};
  return render_template(
      "threat", {{"rows", rows}, {"has_rows", !rows.empty()}, {"coverage", coverage}}, words);
}

}  // namespace souvenir
