// The findings, ordered by the criteria of the catalogue.

#include <algorithm>

#include "harness/evidence/criteria.h"
#include "harness/evidence/json.h"
#include "reports/html_page.h"

namespace souvenir {

namespace {

using nlohmann::json;

const std::string& in_language(const Words& words, const BilingualText& text) {
  return words.language() == Language::en ? text.en : text.fr;
}

const CriterionOutcome* outcome_of(const Page& page, const std::string& id) {
  const auto at = std::find_if(page.criteria.begin(), page.criteria.end(),
                               [&](const CriterionOutcome& row) { return row.id == id; });
  return at == page.criteria.end() ? nullptr : &*at;
}

// What is not verified is not printed.
json source_rows(const Words& words, const Criterion& criterion) {
  json rows = json::array();
  for (const CriterionSource& source : criterion.sources) {
    if (source.mark != "M") {
      rows.push_back({{"cite", in_language(words, source.cite)},
                      {"mark", source.mark},
                      {"force", words.plain("force." + source.force)}});
    }
  }
  return rows;
}

json criterion_row(const Page& page, const Criterion& criterion) {
  const Words& words = page.words;
  const CriterionOutcome* found = outcome_of(page, criterion.id);
  const Outcome outcome = found == nullptr ? Outcome::not_tested : found->outcome;
  const auto findings = found == nullptr ? 0 : static_cast<std::int64_t>(found->findings.size());
  return {{"id", criterion.id},
          {"title", in_language(words, criterion.title)},
          {"question", in_language(words, criterion.question)},
          {"outcome_html", outcome_tag(words, outcome).markup},
          {"findings_html",
           findings == 0 ? ""
                         : words
                               .fill(findings == 1 ? "criteria.findings.one" : "criteria.findings",
                                     {{"n", words.count(findings)}})
                               .markup},
          {"sources", source_rows(words, criterion)},
          {"human", in_language(words, criterion.human)}};
}

json legend(const Words& words) {
  json rows = json::array();
  for (const Outcome outcome :
       {Outcome::contradicted, Outcome::not_contradicted_in_scope, Outcome::inconclusive,
        Outcome::not_tested, Outcome::human_judgement, Outcome::not_applicable}) {
    rows.push_back(
        {{"tag_html", outcome_tag(words, outcome).markup},
         {"means", words.plain("outcome." + std::string(outcome_name(outcome)) + ".means")}});
  }
  return rows;
}

}  // namespace

Html criteria_section(const Page& page) {
  const Words& words = page.words;
  const CriteriaCatalogue& catalogue = criteria_catalogue();
  json groups = json::array();
  for (const Criterion& criterion : catalogue.criteria) {
    const std::string prefix = criterion.id.substr(0, 2);
    if (groups.empty() || groups.back()["prefix"] != prefix) {
      groups.push_back({{"prefix", prefix},
                        {"title", words.plain("criteria.group." + prefix)},
                        {"rows", json::array()}});
    }
    groups.back()["rows"].push_back(criterion_row(page, criterion));
  }
  const std::string& version =
      page.evidence.criteria_version.empty() ? catalogue.version : page.evidence.criteria_version;
  return render_template(
      "criteria",
      {{"intro_html", words.fill("criteria.intro", {{"version", isolated(version)}}).markup},
       {"groups", groups},
       {"legend", legend(words)}},
      words);
}

}  // namespace souvenir
