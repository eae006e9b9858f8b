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

// Rates read in per cent; anything else as it stands.
bool is_rate(const Finding* finding) {
  return finding == nullptr || finding->estimate.unit == "probability";
}

Html amount(const Words& words, const Finding* finding, double value) {
  return is_rate(finding) ? words.percent(value) : words.number(value);
}

Html limit_in_words(const Words& words, const Limit& limit, const Finding* finding) {
  std::vector<Html> parts;
  if (limit.at_most) {
    parts.push_back(
        words.fill("gate.at_most", {{"x", is_rate(finding) ? words.exact_percent(*limit.at_most)
                                                           : words.number(*limit.at_most)}}));
  }
  if (limit.max_count) {
    parts.push_back(words.fill("gate.max_count", {{"n", words.count(*limit.max_count)}}));
  }
  if (limit.not_worse_than_baseline) {
    parts.push_back(words.say("gate.baseline"));
  }
  if (limit.min_n) {
    parts.push_back(words.fill("gate.min_n", {{"n", words.count(*limit.min_n)}}));
  }
  return joined(words, parts);
}

Html bounds_in_words(const Words& words, const GateCheck& check, const Finding* finding) {
  std::vector<Html> parts;
  if (check.bound_low && check.bound_high) {
    parts.push_back(
        words.fill("results.span", {{"low", amount(words, finding, *check.bound_low)},
                                    {"high", amount(words, finding, *check.bound_high)}}));
  }
  for (const RuleResult& rule : check.rules) {
    if (rule.verdict != Verdict::pass && rule.why.count) {
      parts.push_back(words.fill("gate.needed", {{"n", words.number(*rule.why.count)}}));
    }
  }
  return joined(words, parts);
}

Html finding_in_words(const Page& page, const GateCheck& check, const Finding* finding) {
  const Words& words = page.words;
  if (finding == nullptr) {
    return check.finding.empty() ? words.say("gate.fits_nothing")
                                 : Html{"<code>" + escaped(check.finding).markup + "</code>"};
  }
  return finding_name(words, *finding, check.finding);
}

json check_row(const Page& page, const GateCheck& check, const Limit& limit) {
  const Words& words = page.words;
  const Finding* finding = find_finding(page.evidence, check.finding);
  const std::string state = state_of(check);
  return {{"finding_html", finding_in_words(page, check, finding).markup},
          {"limit_html", limit_in_words(words, limit, finding).markup},
          {"bounds_html", bounds_in_words(words, check, finding).markup},
          {"state", state},
          {"state_html", words.say("gate.state." + state).markup}};
}

// A limit set by pattern may fit many findings in the same state: the first few stand for them.
constexpr std::size_t kShown = 6;

json check_rows(const Page& page, const GateResult& gate, std::size_t limit) {
  const Words& words = page.words;
  std::vector<const GateCheck*> order;
  for (const GateCheck& check : gate.checks) {
    if (check.limit == limit) {
      order.push_back(&check);
    }
  }
  // What was waived, then what decides the verdict, first.
  std::stable_sort(order.begin(), order.end(), [](const GateCheck* a, const GateCheck* b) {
    return std::pair(a->waived(), a->verdict) > std::pair(b->waived(), b->verdict);
  });
  std::map<std::string, std::size_t> shown;
  json rows = json::array();
  for (const GateCheck* check : order) {
    if (++shown[state_of(*check)] <= kShown) {
      rows.push_back(check_row(page, *check, gate.policy.limits[limit]));
    }
  }
  for (const auto& [state, number] : shown) {
    if (number > kShown) {
      const auto more = static_cast<std::int64_t>(number - kShown);
      rows.push_back({{"finding_html", words.fill("gate.more", {{"n", words.count(more)}}).markup},
                      {"state", state},
                      {"state_html", words.say("gate.state." + state).markup}});
    }
  }
  return rows;
}

json limit_blocks(const Page& page, const GateResult& gate) {
  json blocks = json::array();
  for (std::size_t i = 0; i < gate.policy.limits.size(); ++i) {
    const Limit& limit = gate.policy.limits[i];
    const json rows = check_rows(page, gate, i);
    blocks.push_back({{"pattern", limit.finding},
                      {"owner", limit.owner},
                      {"date", limit.date},
                      {"reason", limit.reason},
                      {"set", !limit.owner.empty() || !limit.reason.empty()},
                      {"rows", rows},
                      {"has_rows", !rows.empty()}});
  }
  return blocks;
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
  const std::string verdict(verdict_name(gate.verdict));
  return render_template("gate",
                         {{"none", false},
                          {"verdict", verdict},
                          {"verdict_html", words.say("gate.verdict." + verdict).markup},
                          {"counts_html", counts(words, gate).markup},
                          {"limits", limit_blocks(page, gate)},
                          {"waivers", waiver_rows(words, gate)}},
                         words);
}

}  // namespace souvenir
