// The head of the report, and the page a decision-maker reads: limits first.

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/evidence/json.h"
#include "reports/html_page.h"
#include "reports/html_results.h"

namespace souvenir {

namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

Html in_paragraphs(const std::vector<Html>& sentences) {
  std::string out;
  for (const Html& sentence : sentences) {
    if (!sentence.markup.empty()) {
      out += "<p>" + sentence.markup + "</p>";
    }
  }
  return {out};
}

Html in_list(const std::vector<Html>& items) {
  std::string out = "<ul>";
  for (const Html& item : items) {
    out += "<li>" + item.markup + "</li>";
  }
  return {out + "</ul>"};
}

Html in_a_row(const Html& a, const Html& b) {
  return {a.markup + (a.markup.empty() || b.markup.empty() ? "" : " ") + b.markup};
}

Html asked(const Page& page) {
  std::set<std::string> probes;
  std::vector<Html> out;
  for (const Finding& finding : page.evidence.findings) {
    if (is_measured(finding) && probes.insert(finding.probe).second) {
      const std::string code = "asked." + finding.probe;
      out.push_back(page.words.has(code)
                        ? page.words.say(code)
                        : page.words.fill("asked.other", {{"probe", isolated(finding.probe)}}));
    }
  }
  return out.size() > 1 ? in_list(out) : in_paragraphs(out);
}

Html strings_asked(const Page& page) {
  const Words& words = page.words;
  const Finding* finding = headline(page.evidence);
  if (finding == nullptr || finding->estimate.n.value_or(0) == 0) {
    return words.say(finding != nullptr && finding->suppressed ? "found.suppressed"
                                                               : "run.nothing");
  }
  const Estimate& e = finding->estimate;
  const Estimate* control = negative_rate(*finding);
  if (control == nullptr || control->n.value_or(0) == 0) {
    return words.fill("run.no_controls", {{"n", words.count(*e.n)}});
  }
  return words.fill(e.persons ? "run.strings_persons" : "run.strings",
                    {{"n", words.count(*e.n)},
                     {"persons", words.count(e.persons.value_or(0))},
                     {"controls", words.count(*control->n)}});
}

Html what_was_run(const Page& page) {
  const Words& words = page.words;
  const Evidence& e = page.evidence;
  const Html effort = words.fill("run.effort", {{"requests", words.count(e.requests)},
                                                {"tokens", words.count(e.scored_tokens)}});
  const Html suite = words.fill(
      "run.suite", {{"suite", isolated(e.suite_name)}, {"seed", words.name_number(e.seed)}});
  return in_paragraphs({strings_asked(page), in_a_row(effort, suite)});
}

Html headline_sentence(const Page& page) {
  const Words& words = page.words;
  const Finding* finding = headline(page.evidence);
  if (finding == nullptr) {
    return words.say("found.nothing");
  }
  const Estimate& e = finding->estimate;
  if (finding->metric.name != "verbatim_rate" || !e.value || !e.count || !e.n || !e.low ||
      !e.high) {
    return finding->suppressed ? words.say("found.suppressed") : Html{};
  }
  Html out = words.fill("found.verbatim", {{"count", words.count(*e.count)},
                                           {"n", words.count(*e.n)},
                                           {"rate", words.percent(*e.value)},
                                           {"low", words.percent(*e.low)},
                                           {"high", words.percent(*e.high)}});
  const Estimate* control = negative_rate(*finding);
  if (control != nullptr && control->value && control->count && control->n) {
    out = in_a_row(
        out, words.fill("found.verbatim_control", {{"count", words.count(*control->count)},
                                                   {"n", words.count(*control->n)},
                                                   {"rate", words.percent(*control->value)}}));
  }
  return out;
}

// The far end of the curve at the lowest probability asked: the most that was found.
const Finding* widest_curve_end(const Evidence& evidence) {
  const Finding* best = nullptr;
  const auto reach = [](const Finding& f) {
    return std::tuple(f.estimate.count.value_or(0), number_param(f.metric, "n").value_or(0),
                      -number_param(f.metric, "p").value_or(1));
  };
  for (const Finding& finding : evidence.findings) {
    const bool usable = finding.metric.name == "extractable_rate" && over_all(finding) &&
                        !finding.is_control && finding.arm == "model" && finding.estimate.count &&
                        finding.estimate.n;
    if (usable && (best == nullptr || reach(finding) > reach(*best))) {
      best = &finding;
    }
  }
  return best;
}

Html curve_sentence(const Page& page) {
  const Words& words = page.words;
  const Finding* finding = widest_curve_end(page.evidence);
  if (finding == nullptr) {
    return {};
  }
  const Estimate& e = finding->estimate;
  Html out = words.fill("found.curve",
                        {{"queries", words.number(number_param(finding->metric, "n").value_or(1))},
                         {"p", words.number(number_param(finding->metric, "p").value_or(1))},
                         {"count", words.count(*e.count)},
                         {"n", words.count(*e.n)}});
  const Estimate* control = negative_rate(*finding);
  if (control != nullptr && control->count && control->n) {
    out = in_a_row(out, words.fill("found.curve_control", {{"count", words.count(*control->count)},
                                                           {"n", words.count(*control->n)}}));
  }
  return out;
}

Html word_counts(const Page& page) {
  const Words& words = page.words;
  std::string list;
  for (const Outcome outcome :
       {Outcome::contradicted, Outcome::not_contradicted_in_scope, Outcome::inconclusive,
        Outcome::not_tested, Outcome::human_judgement, Outcome::not_applicable}) {
    const auto number =
        std::count_if(page.criteria.begin(), page.criteria.end(),
                      [&](const CriterionOutcome& row) { return row.outcome == outcome; });
    if (number > 0) {
      list += (list.empty() ? "" : ", ") + words.count(number).markup + "\u00a0" +
              outcome_tag(words, outcome).markup;
    }
  }
  const auto total = static_cast<std::int64_t>(page.criteria.size());
  return words.fill("found.words", {{"total", words.count(total)}, {"words", {list}}});
}

Html what_was_found(const Page& page) {
  const Finding* finding = headline(page.evidence);
  Html word;
  if (finding != nullptr) {
    word = in_a_row(outcome_tag(page.words, finding->outcome),
                    {"<span class=\"because\">" +
                     remark_text(page.words, finding->outcome_reason).markup + "</span>"});
  }
  std::vector<Html> others;
  for (Html& sentence : found_by_probe(page)) {
    if (!sentence.markup.empty()) {
      others.push_back(std::move(sentence));
    }
  }
  return {in_paragraphs({word, headline_sentence(page), curve_sentence(page)}).markup +
          (others.empty() ? "" : in_list(others).markup) +
          in_paragraphs({word_counts(page)}).markup};
}

Html not_tested(const Page& page) {
  std::vector<Html> out;
  std::set<std::string> said;
  const auto add = [&](const Html& text) {
    if (said.insert(text.markup).second) {
      out.push_back(text);
    }
  };
  for (const NotRun& row : page.evidence.not_run) {
    add(not_run_name(page.words, row.what));
  }
  for (const auto& [criterion, attack] : {std::pair("AN-02", "queries"),
                                          {"AN-05", "attribute"},
                                          {"AN-06", "exfiltration"},
                                          {"AN-06", "inversion"},
                                          {"AN-06", "reconstruction"}}) {
    if (!is_run(page, criterion)) {
      add(page.words.say(std::string("coverage.") + attack));
    }
  }
  return in_list(out);
}

Html not_shown(const Page& page) {
  std::vector<Html> out;
  for (const char* code : {"others", "persons", "paraphrase", "other_models"}) {
    out.push_back(page.words.say(std::string("not_shown.") + code));
  }
  return in_list(out);
}

Html gate_sentence(const Page& page) {
  const json& gate = page.evidence.gate;
  const std::string code = "gate.verdict." + text_of(gate, "verdict");
  return page.words.say(page.words.has(code) ? code : "gate.none");
}

json row(const Words& words, const char* code, const Html& value) {
  return {{"label", words.plain(code)}, {"value_html", value.markup}};
}

Html or_unknown(const Words& words, const std::string& text) {
  return text.empty() ? words.say("page.unknown") : isolated(text);
}

bool is_stamp(const std::string& text) {
  return text.size() >= 16 && text.size() <= 32 && text[10] == 'T' &&
         text.find_first_not_of("0123456789-:TZ.+") == std::string::npos;
}

Html time_element(const std::string& stamp, const std::string& shown) {
  return {"<time datetime=\"" + stamp + "\">" + shown + "</time>"};
}

// 2026-11-24 05:58 to 06:21 UTC; what is no time stamp stands as it is.
Html span_of_run(const Words& words, const std::string& started, const std::string& finished) {
  if (!is_stamp(started) || !is_stamp(finished)) {
    return isolated(started + (finished.empty() ? "" : " \u2013 " + finished));
  }
  const bool same_day = started.substr(0, 10) == finished.substr(0, 10);
  const std::string end = (same_day ? "" : finished.substr(0, 10) + " ") + finished.substr(11, 5);
  const Html span = words.fill(
      "page.run_span",
      {{"started", time_element(started, started.substr(0, 10) + " " + started.substr(11, 5))},
       {"finished", time_element(finished, end)}});
  return finished.back() == 'Z' ? words.fill("page.utc", {{"time", span}}) : span;
}

}  // namespace

Html header_section(const Page& page) {
  const Words& words = page.words;
  const Evidence& e = page.evidence;
  const std::string started = text_of(e.run, "started");
  const std::string finished = text_of(e.run, "finished");
  json rows = json::array();
  if (!started.empty()) {
    rows.push_back(row(words, "page.run_at", span_of_run(words, started, finished)));
  }
  if (e.context) {
    rows.push_back(row(words, "context.system", isolated(e.context->system)));
    rows.push_back(row(words, "context.controller", isolated(e.context->controller)));
  }
  rows.push_back(
      row(words, "page.tool",
          or_unknown(words, text_of(e.tool, "name") + " " + text_of(e.tool, "version"))));
  if (!page.options.evidence_sha256.empty()) {
    rows.push_back(row(
        words, "page.evidence",
        {"<code>" + escaped(page.options.evidence_sha256.substr(0, 16)).markup + "\u2026</code>"}));
  }
  const Html subtitle =
      words.fill("page.subtitle", {{"architecture", isolated(e.model.architecture)},
                                   {"parameters", words.count(e.model.parameters)}});
  return render_template("header", {{"subtitle_html", subtitle.markup}, {"rows", rows}}, words);
}

Html summary_section(const Page& page) {
  const Words& words = page.words;
  json rows = json::array();
  rows.push_back(row(words, "summary.asked", asked(page)));
  rows.push_back(row(words, "summary.run", what_was_run(page)));
  rows.push_back(row(words, "summary.found", what_was_found(page)));
  rows.push_back(row(words, "summary.not_tested", not_tested(page)));
  rows.push_back(row(words, "summary.not_shown", not_shown(page)));
  rows.push_back(row(words, "summary.gate", in_paragraphs({gate_sentence(page)})));
  return render_template("summary", {{"rows", rows}}, words);
}

}  // namespace souvenir
