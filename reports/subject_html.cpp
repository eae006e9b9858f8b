#include "reports/subject_html.h"

#include <charconv>
#include <cmath>

#include "harness/error.h"
#include "reports/html_page.h"

namespace souvenir {

namespace {

using nlohmann::json;

const json& field(const json& object, const char* key) {
  static const json kNull;
  const auto at = object.find(key);
  return at == object.end() ? kNull : *at;
}

std::string text_of(const json& object, const char* key) {
  const json& value = field(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

Html not_measured(const Words& words) {
  return {"<span class=\"missing\">" + words.say("subject.not_measured").markup + "</span>"};
}

void add(const Words& words, const char* code, const Html& value, json& rows) {
  rows.push_back({{"label", words.plain(code)}, {"value_html", value.markup}});
}

Html matched(const Words& words, const json& string) {
  const json& tokens = field(string, "tokens");
  const json& matches = field(string, "matched_tokens");
  if (!tokens.is_number() || !matches.is_number()) {
    return not_measured(words);
  }
  return words.fill("results.of", {{"count", words.count(matches.get<std::int64_t>())},
                                   {"n", words.count(tokens.get<std::int64_t>())}});
}

Html yes_or_no(const Words& words, const json& value) {
  return value.is_boolean()
             ? words.say(value.get<bool>() ? "stratum.value.yes" : "stratum.value.no")
             : not_measured(words);
}

// A probability too small for a double is said by its logarithm.
Html probability(const Words& words, const json& string) {
  const json& p = field(string, "p_z");
  const json& log_p = field(string, "log_p");
  if (p.is_number() && p.get<double>() > 1e-300) {
    return words.number(p.get<double>());
  }
  constexpr double kLog10OfE = 0.4342944819032518;
  return log_p.is_number() ? words.power_of_ten(log_p.get<double>() * kLog10OfE)
                           : not_measured(words);
}

// The key of a JSON object that is a number, as the language writes it.
Html number_key(const Words& words, const std::string& key) {
  double value = 0.0;
  const auto end = std::from_chars(key.data(), key.data() + key.size(), value);
  const bool whole = end.ec == std::errc() && end.ptr == key.data() + key.size();
  return whole && std::isfinite(value) ? words.number(value) : isolated(key);
}

// Where the string was measured and there is no number, the number is too large for one.
Html queries(const Words& words, const json& string) {
  const json& all = field(string, "queries_for");
  std::vector<Html> parts;
  if (all.is_object()) {
    for (const auto& [p, n] : all.items()) {
      const Html number =
          n.is_number() ? words.number(n.get<double>()) : words.say("subject.beyond");
      parts.push_back(
          words.fill("subject.queries_one", {{"n", number}, {"p", number_key(words, p)}}));
    }
  }
  return parts.empty() ? not_measured(words) : joined(words, parts);
}

Html scores(const Words& words, const json& string) {
  const json& all = field(string, "scores");
  std::vector<Html> parts;
  if (all.is_object()) {
    for (const auto& [name, value] : all.items()) {
      if (value.is_number()) {
        const std::string code = "score." + name;
        parts.push_back(pair_of(words, words.has(code) ? words.say(code) : isolated(name),
                                words.number(value.get<double>())));
      }
    }
  }
  return parts.empty() ? not_measured(words) : joined(words, parts);
}

Html bits(const Words& words, const json& string) {
  const json& value = field(string, "exposure_bits");
  return value.is_number() ? words.fill("unit.bits", {{"x", words.number(value.get<double>())}})
                           : not_measured(words);
}

// Of a string known by its HMAC alone: whether the model wrote it, and in how many texts it was
// looked for.
Html found_in_text(const Words& words, const json& string) {
  const json& texts = field(string, "texts_read");
  const Html said = yes_or_no(words, field(string, "found_in_text"));
  if (!field(string, "found_in_text").is_boolean() || !texts.is_number()) {
    return said;
  }
  const Html read =
      words.fill("subject.texts_read", {{"n", words.count(texts.get<std::int64_t>())}});
  return joined(words, {said, read});
}

json string_json(const Words& words, const json& string) {
  json rows = json::array();
  add(words, "subject.matched", matched(words, string), rows);
  add(words, "subject.greedy", yes_or_no(words, field(string, "greedy_match")), rows);
  add(words, "subject.p_z", probability(words, string), rows);
  add(words, "subject.queries", queries(words, string), rows);
  add(words, "subject.exposure", bits(words, string), rows);
  add(words, "subject.scores", scores(words, string), rows);
  if (string.contains("found_in_text")) {
    add(words, "subject.found_in_text", found_in_text(words, string), rows);
  }
  const std::string kind = text_of(string, "kind");
  const std::string code = "stratum.value." + kind;
  const std::string why = text_of(string, "why");
  json out = {{"id", text_of(string, "id")},
              {"kind_html", (words.has(code) ? words.say(code) : isolated(kind)).markup},
              {"rows", rows},
              {"why_html", ""}};
  if (!why.empty()) {
    out["why_html"] = "<bdi lang=\"en\">" + escaped(why).markup + "</bdi>";
  }
  return out;
}

Html body(const json& findings, Language language) {
  const Words words(language);
  json strings = json::array();
  for (const json& string : findings.at("strings")) {
    strings.push_back(string_json(words, string));
  }
  Metric rule;
  const json& decoding = field(findings, "decoding");
  for (const char* key : {"temperature", "top_k", "top_p"}) {
    if (decoding.is_object() && field(decoding, key).is_number()) {
      rule.params.emplace_back(key, field(decoding, key).get<double>());
    }
  }
  const Html named = rule_name(words, rule);
  return render_template(
      "subject",
      {{"id", text_of(findings, "id")},
       {"strings", strings},
       {"decoding_html",
        named.markup.empty() ? "" : words.fill("subject.decoding", {{"rule", named}}).markup}},
      words);
}

}  // namespace

std::string subject_html(const json& findings, Language language) {
  if (!findings.is_object() || !field(findings, "strings").is_array()) {
    throw Error(ErrorKind::internal, "subject page: expected the findings of one subject");
  }
  return whole_page(language, "subject.title", body(findings, Language::en),
                    body(findings, Language::fr));
}

}  // namespace souvenir
