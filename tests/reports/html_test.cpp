#include "reports/html.h"

#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "harness/evidence/criteria.h"
#include "reports/gate.h"
#include "reports/policy.h"
#include "reports/text.h"
#include "tests/support/html_document.h"
#include "tests/support/sample_audit.h"

namespace souvenir {
namespace {

// The sample, judged by a policy of which one limit fails, one holds and one is not settled.
Evidence sample() {
  Evidence e = tests::sample_evidence();
  e.criteria = criteria_outcomes(e.findings);
  const Policy policy = parse_policy(R"({"schema":"souvenir/policy/1","limits":[
    {"finding":"discoverable_extraction/verbatim_rate/all","at_most":0.01,"min_n":300,
     "require_controls":["negative"],"owner":"Controller & Sons","reason":"<b>agreed</b>",
     "date":"2026-10-01"},
    {"finding":"discoverable_extraction/verbatim_rate/kind=text","at_most":0.02,"owner":"Controller & Sons",
     "reason":"agreed","date":"2026-10-01"},
    {"finding":"discoverable_extraction/extractable_rate*/all","at_most":0.05,"owner":"Controller & Sons",
     "reason":"agreed","date":"2026-10-01"},
    {"finding":"discoverable_extraction/nothing/all","at_most":0.5}],
    "waivers":[{"finding":"discoverable_extraction/verbatim_rate/kind=email","owner":"Head of Data",
     "reason":"retrained in December","expires":"2027-01-31"}]})");
  e.gate = gate_json(judge_gate(e, policy, nullptr, "2026-11-24"));
  return e;
}

std::string page(Language language = Language::en) {
  return render_html(sample(), {language, std::string(64, '9')});
}

using Document = tests::HtmlDocument;
using tests::visible_text;

Evidence audit() {
  Evidence e = tests::sample_audit();
  e.criteria = criteria_outcomes(e.findings);
  return e;
}

TEST_CASE("the reports of the samples are the approved ones", "[html]") {
  tests::check_approved("sample.html", page());
  tests::check_approved("audit.html", render_html(audit(), {Language::fr, std::string(64, '9')}));
}

TEST_CASE("the report is well-formed, and its ids are unique", "[html]") {
  const Document document(page());
  std::set<std::string> ids;
  for (const auto& node : document.xml.select_nodes("//*[@id]")) {
    CAPTURE(node.node().attribute("id").value());
    CHECK(ids.insert(node.node().attribute("id").value()).second);
  }
  CHECK(document.xml.select_nodes("//main").size() == 2);
}

TEST_CASE("the report runs nothing and loads nothing", "[html]") {
  const std::string text = page();
  const Document document(text);
  const std::string policy =
      document.xml.select_node("//meta[@http-equiv='Content-Security-Policy']")
          .node()
          .attribute("content")
          .value();
  CHECK_THAT(policy, Catch::Contains("default-src 'none'") && Catch::Contains("base-uri 'none'") &&
                         !Catch::Contains("script-src"));
  for (const char* element : {"script", "link", "img", "iframe", "object", "embed", "form", "base",
                              "image", "use", "foreignObject", "a", "audio", "video"}) {
    CAPTURE(element);
    CHECK(document.xml.select_nodes((std::string("//") + element).c_str()).empty());
  }
  const std::set<std::string> loading = {"src",    "href", "srcset", "action",     "background",
                                         "poster", "data", "style",  "xlink:href", "formaction"};
  for (const auto& node : document.xml.select_nodes("//*")) {
    for (const pugi::xml_attribute& attribute : node.node().attributes()) {
      const std::string name = attribute.name();
      CAPTURE(name);
      CHECK((loading.count(name) == 0 && name.rfind("on", 0) != 0));
    }
  }
  CHECK_THAT(text, !Catch::Contains("url(") && !Catch::Contains("@import") &&
                       !Catch::Contains("http://") && !Catch::Contains("https://") &&
                       !Catch::Contains("javascript:"));
}

TEST_CASE("hostile text is shown, and does nothing", "[html]") {
  const std::string text = page();
  CHECK(text.find("<script") == std::string::npos);
  CHECK(text.find("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;") != std::string::npos);
  CHECK(text.find("\\u{001B}[31m") != std::string::npos);
  CHECK(text.find("\\u{202E}enil\\u{202C}") != std::string::npos);
  CHECK(text.find("a\\u{200B}b") != std::string::npos);
  for (const char* raw : {"\x1b", "\u202e", "\u200b", "\u202c", "<b>agreed</b>"}) {
    CHECK(text.find(raw) == std::string::npos);
  }
  // Nowhere else does markup come out of data: what is not a typed number stays a text node.
  const Document document(text);
  CHECK(document.xml.select_nodes("//main//b").empty());
}

TEST_CASE("hostile text in any string of the evidence leaves the page well-formed", "[html]") {
  Evidence e = sample();
  const std::string hostile =
      "\"'><img src=x onerror=1>&\xff\xfe\x01]]>--><!--{{t_page_title}}{{{x}}}";
  e.model.architecture = e.model.stored_dtype = e.model.device = e.model.sha256 = hostile;
  e.model.files.push_back({hostile, 1, hostile});
  e.tokenizer.kind = e.tokenizer.bos = e.suite_name = e.suite_sha256 = hostile;
  e.inputs.push_back({hostile, hostile, hostile, 1, {}});
  e.threat_model = {{hostile, hostile}, {"list", {hostile, {{hostile, 1}}}}};
  e.parameters = {{hostile, {{hostile, hostile}}}};
  e.tool = {{"name", hostile}, {hostile, hostile}};
  e.run = {{"started", hostile}, {"finished", hostile}};
  e.criteria_version = hostile;
  e.left_out.push_back({hostile, 1});
  e.not_run.push_back({hostile, {hostile, hostile, {}}});
  e.deviations.push_back({hostile, hostile, {}});
  Finding f = e.findings.front();
  f.probe = f.metric.name = f.stratum.key = f.estimate.method = hostile;
  f.stratum.value = hostile;
  f.metric.params = {{hostile, hostile}};
  f.outcome_reason = {hostile, hostile, {}};
  f.controls[0].role = hostile;
  e.findings.insert(e.findings.begin(), f);
  f.metric.name = "extractable_rate";
  f.metric.params = {{"n", 1.0}, {"p", 0.5}, {hostile, hostile}};
  e.findings.push_back(f);
  AuditContext c = tests::sample_context();
  c.system = c.version = c.controller = c.commissioner = c.operator_name = c.dpo = hostile;
  c.release_context = c.release_note = c.intended_use = c.purpose = c.training_data = hostile;
  c.legal_basis = c.valid_until = c.remark = c.sha256 = hostile;
  c.mitigations = {{hostile, hostile, hostile}};
  c.filters = {hostile};
  e.context = c;
  e.demo = Demo{{{hostile, hostile, hostile, hostile, std::nullopt}}};
  for (Finding more : tests::sample_audit().findings) {
    more.outcome_reason = {hostile, hostile, {}};
    more.estimate.method = hostile;
    more.stratum = {"kind", hostile};
    more.metric.params.emplace_back("score", hostile);
    e.findings.push_back(more);
  }
  const Document document(render_html(e, {Language::en, hostile}));
  CHECK(document.xml.select_nodes("//img").empty());
  CHECK(document.xml.select_nodes("//comment()").empty());
}

TEST_CASE("limits come first on the page", "[html]") {
  const std::string text = page();
  CHECK(text.find("class=\"first\"") < text.find("class=\"summary\""));
  CHECK(text.find("class=\"summary\"") < text.find("id=\"results-en\""));
}

TEST_CASE("both languages are there, and the one asked for is shown first", "[html]") {
  const auto [language, first, second] = GENERATE(table<Language, std::string, std::string>(
      {{Language::en, "show-en", "show-fr"}, {Language::fr, "show-fr", "show-en"}}));
  const Document document(page(language));
  const auto checked = [&](const std::string& id) {
    const auto node = document.xml.select_node(("//input[@id='" + id + "']").c_str()).node();
    return !node.attribute("checked").empty();
  };
  CHECK(checked(first));
  CHECK_FALSE(checked(second));
}

TEST_CASE("the report never says what a test cannot show", "[html]") {
  const Document document(GENERATE(as<std::string>(), page(), render_html(audit(), {})));
  const std::vector<std::string> banned = {"anonymous",
                                           "anonyme",
                                           "anonymis",
                                           "compliant",
                                           "complian",
                                           "conforme",
                                           "conformit",
                                           "certifi",
                                           "approved by",
                                           "validé par",
                                           "does not memori",
                                           "ne mémorise pas",
                                           "insignifi",
                                           "required by",
                                           "exigé par",
                                           "erased from the model",
                                           "effacé du modèle",
                                           "nothing about you",
                                           "aucune donnée vous",
                                           "\\bsafe\\b",
                                           "\\bpass(es|ed)?\\b",
                                           "réussie?s?[^t]",
                                           "\\bsûr(e|s|es)?\\b",
                                           "no risk\\b(?! is not)",
                                           "guarantee",
                                           "garanti(e|t)? que",
                                           "✓|✔|✅|☑",
                                           "score de 0"};
  for (const char* language : {"en", "fr"}) {
    const std::string text = visible_text(document.xml, language);
    REQUIRE(text.size() > 5000);
    for (const std::string& word : banned) {
      CAPTURE(language, word);
      std::smatch match;
      const bool found = std::regex_search(
          text, match, std::regex(word, std::regex::icase | std::regex::ECMAScript));
      const std::string where =
          found ? match.prefix().str().substr(
                      match.prefix().str().size() > 60 ? match.prefix().str().size() - 60 : 0) +
                      match.str()
                : "";
      CAPTURE(where);
      CHECK((!found || where.find("is not no risk") != std::string::npos));
    }
  }
}

TEST_CASE("numbers stand in the way of each language", "[html]") {
  const Document document(page());
  const std::string en = visible_text(document.xml, "en");
  const std::string fr = visible_text(document.xml, "fr");
  CHECK_THAT(en, Catch::Contains("134,515,008") && Catch::Contains("3.6%"));
  CHECK_THAT(fr, Catch::Contains("134\u202f515\u202f008") && Catch::Contains("3,6\u202f%"));
  CHECK_THAT(fr, !Catch::Contains("3.6%") && !Catch::Contains("134,515"));
}

TEST_CASE("every number is typed as one", "[html]") {
  const Document document(page());
  for (const auto& node : document.xml.select_nodes("//data")) {
    const std::string value = node.node().attribute("value").value();
    CAPTURE(value);
    CHECK(value.find_first_not_of("0123456789.e+-") == std::string::npos);
    CHECK_FALSE(std::string(node.node().text().get()).empty());
  }
  CHECK(document.xml.select_nodes("//data").size() > 300);
}

TEST_CASE("each probability has its curve with the controls' beside it", "[html]") {
  const Document document(page());
  // Two rules, of which one has two probabilities; in two languages.
  CHECK(document.xml.select_nodes("//svg[@class='curve']").size() == 6);
  for (const auto& node : document.xml.select_nodes("//svg[@class='curve']")) {
    CHECK(node.node().select_nodes(".//polyline").size() == 2);
    CHECK(node.node().select_nodes(".//polygon").size() == 2);
    CHECK(node.node().select_nodes(".//circle").size() == 14);
    CHECK_FALSE(std::string(node.node().attribute("aria-label").value()).empty());
  }
}

TEST_CASE("suppressed numbers do not come back through the report", "[html]") {
  Evidence e = sample();
  e.findings = {e.findings[6]};
  REQUIRE(e.findings[0].suppressed);
  e.findings[0].stratum = {"kind", std::string("iban")};
  e.findings[0].estimate = {};
  e.findings[0].estimate.reason = "suppressed: fewer than 5 strings";
  e.findings[0].estimate.unit = "probability";
  const Document document(render_html(e, {}));
  CHECK_THAT(visible_text(document.xml, "en"), Catch::Contains("withheld"));
}

TEST_CASE("what an adapter brings whole is said", "[html]") {
  Evidence e = sample();
  e.adapter = AdapterInfo{"DoRA", 4, 8.0, 12, GENERATE(0, 2), {}, std::string(64, 'a')};
  const std::string text = visible_text(Document(render_html(e, {})).xml, "en", "");
  CHECK_THAT(text, Catch::Contains("rank 4, merged into 12 weights"));
  const std::string brought = "2 of its tensors in place of the model";
  CHECK((text.find(brought) != std::string::npos) == (e.adapter->whole == 2));
}

TEST_CASE("evidence without anything in it makes a page too", "[html]") {
  const Document document(render_html({}, {}));
  CHECK_THAT(visible_text(document.xml, "fr"), Catch::Contains("Aucun constat"));
}

TEST_CASE("a gate result is shown with who set the limit", "[html]") {
  const std::string en = visible_text(Document(page()).xml, "en");
  CHECK_THAT(en, Catch::Contains("Beyond a limit that the controller set.") &&
                     Catch::Contains("Controller & Sons") && Catch::Contains("fits no finding") &&
                     Catch::Contains("retrained in December"));
  Evidence e = sample();
  e.gate = nullptr;
  CHECK_THAT(visible_text(Document(render_html(e, {})).xml, "en"),
             Catch::Contains("No limits were set"));
}

TEST_CASE("every probe has its drawing and its table, in both languages", "[html]") {
  const Document document(render_html(audit(), {}));
  const auto count = [&](const char* path) { return document.xml.select_nodes(path).size(); };
  CHECK(count("//svg[@class='exposure']") == 2);
  CHECK(count("//svg[@class='exposure']//circle") == 2 * 4);
  CHECK(count("//svg[@class='exposure']//rect[@class='control-band']") == 2);
  CHECK(count("//svg[@class='roc']") == 2 * 4);  // the model's scores, not the blind ones
  CHECK(count("//svg[@class='roc']//polyline") == 2 * 4 * 3);
  CHECK(count("//table[contains(@class, 'canaries')]/tbody/tr") == 2 * 5);
  CHECK(count("//table[contains(@class, 'scores')]/tbody/tr") == 2 * 6);
  CHECK(count("//table[contains(@class, 'persons')]/tbody/tr") == 2 * 10);
  CHECK(count("//table[contains(@class, 'truth')]/tbody/tr") == 2 * 4);
  const std::string en = visible_text(document.xml, "en");
  CHECK_THAT(en, Catch::Contains("Exposure grows with repetition.") &&
                     Catch::Contains("does not hold") && Catch::Contains("could not be told") &&
                     Catch::Contains("Boulier") && Catch::Contains("the weights are open") &&
                     Catch::Contains("not measured"));
  CHECK_THAT(visible_text(document.xml, "fr"), Catch::Contains("L\u2019exposition cro\u00eet"));
}

TEST_CASE("a measure that no table is made for is shown all the same", "[html]") {
  const Document document(render_html(audit(), {}));
  CHECK_THAT(visible_text(document.xml, "en"), Catch::Contains("Written, or nearly"));
}

TEST_CASE("a small kind of identifier shows no number", "[html]") {
  const Document document(render_html(audit(), {}));
  for (const auto& row : document.xml.select_nodes(
           "//main[@lang='en']//table[contains(@class, 'persons')]//tr[th]")) {
    const std::string name = row.node().child("th").child_value();
    if (std::string(row.node().attribute("class").value()).find("muted") != std::string::npos) {
      CHECK(row.node().select_nodes(".//data").empty());
      CHECK(row.node().select_nodes(".//circle").empty());
    }
  }
  CHECK(document.xml
            .select_nodes("//table[contains(@class, 'persons')]//tr[contains(@class, "
                          "'muted')]")
            .size() == 4);
}

TEST_CASE("a word on first ranks hides no word on medians", "[html]") {
  Evidence e = audit();
  const auto tier_1 = [](Finding& finding) {
    return finding.probe == "canary_exposure" && finding.stratum.key == "repetitions" &&
           finding.stratum.value == ParamValue(std::int64_t{1});
  };
  for (Finding& finding : e.findings) {
    if (tier_1(finding) && finding.metric.name == "exposure_median")
      finding.outcome = Outcome::contradicted;
    if (tier_1(finding) && finding.metric.name == "rank_first_rate")
      finding.outcome = Outcome::not_contradicted_in_scope;
  }
  const Document document(render_html(e, {}));
  const auto row = document.xml.select_node(
      "//main[@lang='en']//table[contains(@class, 'canaries')]/tbody/tr[1]");
  const std::string said = visible_text(row.node().last_child());
  INFO(said);
  CHECK(said.find("Median\n") < said.find("contradicted"));
  CHECK(said.find("contradicted") < said.find("Ranked first\n"));
  CHECK(said.find("Ranked first\n") < said.find("not contradicted within the scope"));
  CHECK_THAT(said, Catch::Contains("not contradicted within the scope"));
}

TEST_CASE("persons are counted, of all that were asked about", "[html]") {
  const Document document(render_html(audit(), {}));
  const auto all = document.xml.select_node(
      "//main[@lang='en']//table[contains(@class, 'persons')]/tbody/tr[1]");
  CHECK(all.node().select_node(".//td[@data-label='Persons']//data[1][@value='14']"));
  CHECK(all.node().select_node(".//td[@data-label='Persons']//data[2][@value='128']"));
}

TEST_CASE("canaries and real strings, measured and extrapolated bits stay apart", "[html]") {
  Evidence e = audit();
  std::vector<Finding> more;
  for (const Finding& finding : e.findings) {
    if (finding.probe == "membership") {
      more.push_back(finding);
      more.back().metric.params.insert(more.back().metric.params.end() - 1,
                                       {"population", std::string("canaries")});
      more.back().is_control =
          finding.metric.params.back().second == ParamValue(std::string("blind_length"));
    } else if (finding.metric.name == "exposure_median") {
      more.push_back(finding);
      more.back().metric.params = {{"ranking", std::string("extrapolated")}};
    }
  }
  e.findings.insert(e.findings.end(), more.begin(), more.end());
  const Document document(render_html(e, {}));
  const auto count = [&](const char* path) { return document.xml.select_nodes(path).size(); };
  CHECK(count("//svg[@class='exposure']//circle") == 2 * 4);
  CHECK(count("//table[contains(@class, 'canaries')]/tbody/tr") == 2 * (5 + 5));
  CHECK(count("//table[contains(@class, 'scores')]") == 2 * 2);
  CHECK(count("//table[contains(@class, 'scores')]/tbody/tr") == 2 * (6 + 6));
  CHECK_THAT(visible_text(document.xml, "en"), Catch::Contains("Planted canaries: "));
}

TEST_CASE("an audit without context or demonstration says so, or nothing", "[html]") {
  const std::string en = visible_text(Document(page()).xml, "en");
  CHECK_THAT(
      en, Catch::Contains("No context was declared") && !Catch::Contains("whose truth is known"));
}

}  // namespace
}  // namespace souvenir
