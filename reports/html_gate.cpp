// The controller's own limits, and what the evidence says to them.

#include <algorithm>
#include <map>

#include "reports/gate.h"
#include "reports/html_page.h"

namespace souvenir {

namespace {

using nlohmann::json;

std::string state_of(const GateCheck& check) {
  return check.waived() ? "waived" : std::string(verdict_name(check.verdict));
}

// Limits on rates read in per cent; on anything else as they stand.
Html amount(const Words& words, const Finding* finding, double value) {
  const bool is_rate = finding == nullptr || finding->estimate.unit == "probability";
  return is_rate ? words.percent(value) : words.number(value);
}

Html limit_in_words(const Words& words, const Limit& limit, const Finding* finding) {
  std::string out;
  const auto add = [&](const Html& part) { out += (out.empty() ? "" : "; ") + part.markup; };
  if (limit.at_most) {
    add(words.fill("gate.at_most", {{"x", amount(words, finding, *limit.at_most)}}));
  }
  if (limit.max_count) {
    add(words.fill("gate.max_count", {{"n", words.count(*limit.max_count)}}));
  }
  if (limit.not_worse_than_baseline) {
    add(words.say("gate.baseline"));
  }
  if (limit.min_n) {
    add(words.fill("gate.min_n", {{"n", words.count(*limit.min_n)}}));
  }
  return {out};
}

Html bounds_in_words(const Words& words, const GateCheck& check, const Finding* finding) {
  std::string out;
  if (check.bound_low && check.bound_high) {
    out = words
              .fill("results.span", {{"low", amount(words, finding, *check.bound_low)},
                                     {"high", amount(words, finding, *check.bound_high)}})
              .markup;
  }
  for (const RuleResult& rule : check.rules) {
    if (rule.verdict != Verdict::pass && rule.why.count) {
      out += std::string(out.empty() ? "" : "; ") +
             words.fill("gate.needed", {{"n", words.number(*rule.why.count)}}).markup;
    }
  }
  return {out};
}

// Limits set by pattern may fit many findings in the same state: the first few stand for them.
constexpr std::size_t kShown = 6;

json check_rows(const Page& page, const GateResult& gate) {
  const Words& words = page.words;
  std::vector<const GateCheck*> order;
  for (const GateCheck& check : gate.checks) {
    order.push_back(&check);
  }
  std::stable_sort(order.begin(), order.end(), [](const GateCheck* a, const GateCheck* b) {
    return std::pair(a->waived(), a->verdict) > std::pair(b->waived(), b->verdict);
  });
  std::map<std::pair<std::size_t, std::string>, std::size_t> shown;
  json rows = json::array();
  for (const GateCheck* check : order) {
    const std::string state = state_of(*check);
    if (++shown[{check->limit, state}] > kShown) {
      continue;
    }
    const Limit& limit = gate.policy.limits.at(check->limit);
    const Finding* finding = find_finding(page.evidence, check->finding);
    rows.push_back({{"finding_html", check->finding.empty()
                                         ? "<code>" + escaped(limit.finding).markup + "</code> " +
                                               words.say("gate.fits_nothing").markup
                                         : "<code>" + escaped(check->finding).markup + "</code>"},
                    {"limit_html", limit_in_words(words, limit, finding).markup},
                    {"owner", limit.owner},
                    {"reason", limit.reason},
                    {"date", limit.date},
                    {"bounds_html", bounds_in_words(words, *check, finding).markup},
                    {"state", state},
                    {"state_html", words.say("gate.state." + state).markup}});
  }
  for (const auto& [key, number] : shown) {
    if (number > kShown) {
      const auto more = static_cast<std::int64_t>(number - kShown);
      rows.push_back({{"finding_html", words.fill("gate.more", {{"n", words.count(more)}}).markup},
                      {"state", key.second},
                      {"state_html", words.say("gate.state." + key.second).markup}});
    }
  }
  return rows;
}

Html counts(const Words& words, const GateResult& gate) {
  std::map<std::string, std::int64_t> number;
  for (const GateCheck& check : gate.checks) {
    ++number[state_of(check)];
  }
  return words.fill("gate.counts",
                    {{"total", words.count(static_cast<std::int64_t>(gate.checks.size()))},
                     {"pass", words.count(number["pass"])},
                     {"fail", words.count(number["fail"])},
                     {"inconclusive", words.count(number["inconclusive"])},
                     {"waived", words.count(number["waived"])}});
}

json waiver_rows(const Words& words, const GateResult& gate) {
  json rows = json::array();
  for (std::size_t i = 0; i < gate.waivers.size(); ++i) {
    const Waiver& waiver = gate.policy.waivers.at(i);
    const char* code = gate.waivers[i].expired ? "gate.waiver_expired" : "gate.waiver";
    rows.push_back({{"text_html", words
                                      .fill(code, {{"finding", isolated(waiver.finding)},
                                                   {"owner", isolated(waiver.owner)},
                                                   {"expires", isolated(waiver.expires)},
                                                   {"reason", isolated(waiver.reason)}})
                                      .markup}});
  }
  return rows;
}

}  // namespace

Html gate_section(const Page& page) {
  const Words& words = page.words;
  if (page.evidence.gate.is_null()) {
    return render_template("gate", {{"none", true}}, words);
  }
  const GateResult gate = gate_from_json(page.evidence.gate);
  const json rows = check_rows(page, gate);
  const std::string verdict(verdict_name(gate.verdict));
  return render_template("gate",
                         {{"none", false},
                          {"verdict", verdict},
                          {"verdict_html", words.say("gate.verdict." + verdict).markup},
                          {"counts_html", counts(words, gate).markup},
                          {"rows", rows},
                          {"has_rows", !rows.empty()},
                          {"waivers", waiver_rows(words, gate)}},
                         words);
}

}  // namespace souvenir
