#include <algorithm>
#include <cmath>
#include <iterator>

#include "metrics/reason.h"
#include "reports/html_page.h"

namespace souvenir {

namespace {

std::string plain_value(const ParamValue& value) {
  if (const auto* yes = std::get_if<bool>(&value)) {
    return *yes ? "true" : "false";
  }
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? std::string() : *text;
}

Html param_value(const Words& words, const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return isolated(*text);
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    return words.count(*whole);
  }
  const auto number = number_in(value);
  return number ? words.number(*number) : isolated(plain_value(value));
}

// A reason of the table in this language, and what stands in it; nothing for any other sentence.
std::optional<Html> translated_reason(const Words& words, const std::string& text) {
  const std::optional<ReadReason> read = read_reason(text);
  if (!read) {
    return std::nullopt;
  }
  constexpr std::string_view kNames[] = {"a", "b"};
  Fillings fillings;
  for (std::size_t i = 0; i < read->parts.size() && i < std::size(kNames); ++i) {
    const std::string& part = read->parts[i];
    const std::optional<Html> inner = translated_reason(words, part);
    fillings.emplace_back(kNames[i], inner ? *inner : words.count(std::stoll(part)));
  }
  return words.fill("reason." + std::string(read->code), fillings);
}

bool is_share(const Estimate& estimate) { return estimate.unit == "probability"; }

Html in_unit(const Words& words, const Estimate& estimate, double value) {
  if (is_share(estimate)) {
    return words.percent(value);
  }
  const std::string code = "unit." + estimate.unit;
  return words.has(code) ? words.fill(code, {{"x", words.number(value)}}) : words.number(value);
}

}  // namespace

std::optional<double> number_param(const Metric& metric, std::string_view name) {
  for (const auto& [key, value] : metric.params) {
    if (key == name) {
      return number_in(value);
    }
  }
  return std::nullopt;
}

Html stratum_name(const Words& words, const Stratum& stratum) {
  if (stratum.key.empty()) {
    return words.say("stratum.all");
  }
  const std::string whole = "stratum." + stratum.key + "=" + plain_value(stratum.value);
  if (words.has(whole)) {
    return words.say(whole);
  }
  const std::string key = "stratum.key." + stratum.key;
  const std::string value = "stratum.value." + plain_value(stratum.value);
  return words.fill(
      "stratum.pair",
      {{"key", words.has(key) ? words.say(key) : isolated(stratum.key)},
       {"value", words.has(value) ? words.say(value) : param_value(words, stratum.value)}});
}

Html rule_name(const Words& words, const Metric& metric) {
  const auto temperature = number_param(metric, "temperature");
  if (!temperature) {
    return {};
  }
  const double top_k = number_param(metric, "top_k").value_or(0);
  const double top_p = number_param(metric, "top_p").value_or(1);
  std::string limits;
  if (top_k > 0) {
    limits += words.fill("rule.top_k", {{"k", words.number(top_k)}}).markup;
  }
  if (top_p < 1) {
    limits += words.fill("rule.top_p", {{"p", words.percent(top_p)}}).markup;
  }
  if (limits.empty()) {
    limits = words.say("rule.unlimited").markup;
  }
  return words.fill("rule.sampling",
                    {{"temperature", words.number(*temperature)}, {"limits", {limits}}});
}

Html param_list(const Words& words, const Metric& metric, const std::vector<std::string>& skip) {
  std::string out;
  for (const auto& [key, value] : metric.params) {
    if (std::find(skip.begin(), skip.end(), key) != skip.end()) {
      continue;
    }
    const std::string code = "param." + key;
    const Html name = words.has(code) ? words.say(code) : isolated(key);
    const std::string in_words = code + "." + plain_value(value);
    const Html said = words.has(in_words) ? words.say(in_words) : param_value(words, value);
    out += (out.empty() ? "" : ", ") + pair_of(words, name, said).markup;
  }
  return {out};
}

Html pair_of(const Words& words, const Html& name, const Html& value) {
  return words.fill("param.pair", {{"name", name}, {"value", value}});
}

Html finding_name(const Words& words, const Finding& finding, const std::string& id) {
  const Html rule = rule_name(words, finding.metric);
  const Html params = param_list(words, finding.metric, {"temperature", "top_k", "top_p"});
  const std::string out = joined(words, {metric_name(words, finding.metric.name), params, rule,
                                         stratum_name(words, finding.stratum)})
                              .markup;
  return {out + " <span class=\"sub\"><code>" + escaped(id).markup + "</code></span>"};
}

Html joined(const Words& words, const std::vector<Html>& parts) {
  std::string out;
  for (const Html& part : parts) {
    if (!part.markup.empty()) {
      out += (out.empty() ? "" : words.say("list.semicolon").markup) + part.markup;
    }
  }
  return {out};
}

Html estimate_value(const Words& words, const Estimate& estimate) {
  if (estimate.value) {
    return in_unit(words, estimate, *estimate.value);
  }
  if (estimate.log10_value) {
    return words.power_of_ten(*estimate.log10_value);
  }
  return {"<span class=\"missing\">" + words.say("results.no_value").markup + "</span>"};
}

Html reason_of(const Words& words, const Estimate& estimate) {
  if (estimate.value || estimate.log10_value || estimate.reason.empty()) {
    return {};
  }
  const std::optional<Html> said = translated_reason(words, estimate.reason);
  const bool as_written = words.language() == Language::en || !said;
  const std::string language = words.language() != Language::en && !said ? " lang=\"en\"" : "";
  return {"<bdi class=\"wrap\"" + language + ">" +
          (as_written ? escaped(estimate.reason) : *said).markup + "</bdi>"};
}

Html estimate_interval(const Words& words, const Estimate& estimate) {
  // A census is no interval.
  if (!estimate.low || !estimate.high || *estimate.low == *estimate.high) {
    return {};
  }
  return words.fill("results.span", {{"low", in_unit(words, estimate, *estimate.low)},
                                     {"high", in_unit(words, estimate, *estimate.high)}});
}

Html hits_of(const Words& words, const Estimate& estimate) {
  if (!estimate.n) {
    return {};
  }
  if (!estimate.count) {
    return words.count(*estimate.n);
  }
  return words.fill("results.of",
                    {{"count", words.count(*estimate.count)}, {"n", words.count(*estimate.n)}});
}

}  // namespace souvenir
