// A difference as one page in two languages.

#include <algorithm>

#include "harness/evidence/json.h"
#include "reports/diff.h"
#include "reports/html_page.h"

namespace souvenir {

namespace {

using nlohmann::json;

Html model_of(const Words& words, const Evidence& evidence) {
  if (evidence.model.sha256.empty()) {
    return words.say("page.unknown");
  }
  return {"<code>" + escaped(evidence.model.sha256.substr(0, 16)).markup + "\u2026</code>"};
}

Html value_of(const Words& words, const Finding& finding) {
  return finding.suppressed ? words.say("results.suppressed")
                            : estimate_value(words, finding.estimate);
}

Html counts_of(const Words& words, const Finding& finding) {
  return finding.suppressed ? Html{} : hits_of(words, finding.estimate);
}

json row_json(const Words& words, const DiffRow& row) {
  const Estimate& d = row.difference;
  const bool reworded = row.before->outcome != row.after->outcome;
  json out = {{"name_html", finding_name(words, *row.after, row.id).markup},
              {"control", row.after->is_control},
              {"before_html", value_of(words, *row.before).markup},
              {"before_sub_html", counts_of(words, *row.before).markup},
              {"after_html", value_of(words, *row.after).markup},
              {"after_sub_html", counts_of(words, *row.after).markup},
              {"difference_html", d.value ? estimate_value(words, d).markup : ""},
              {"interval_html", estimate_interval(words, d).markup},
              {"p_html", ""},
              {"word_html", outcome_tag(words, row.after->outcome).markup},
              {"was_html", ""}};
  if (d.p_adjusted) {
    out["p_html"] = words.fill("diff.p", {{"p", words.number(*d.p_adjusted)}}).markup;
  }
  if (reworded) {
    out["was_html"] =
        words.fill("diff.was", {{"word", outcome_tag(words, row.before->outcome)}}).markup;
  }
  return out;
}

// What did not move is shown over all strings only, so that what moved is found.
json group_json(const Words& words, const EvidenceDiff& diff, Moved moved) {
  json rows = json::array();
  std::int64_t more = 0;
  for (const DiffRow& row : diff.rows) {
    if (row.moved != moved) {
      continue;
    }
    if (moved == Moved::up || moved == Moved::down || over_all(*row.after)) {
      rows.push_back(row_json(words, row));
    } else {
      ++more;
    }
  }
  const std::string name(moved_name(moved));
  json out = {{"title", words.plain("diff.moved." + name)},
              {"means", words.plain("diff.moved." + name + ".means")},
              {"rows", rows},
              {"has_rows", !rows.empty()},
              {"more_html", ""}};
  if (more > 0) {
    out["more_html"] = words.fill("diff.more", {{"n", words.count(more)}}).markup;
  }
  return out;
}

json list_json(const Words& words, const char* code, const std::vector<std::string>& ids) {
  json rows = json::array();
  for (const std::string& id : ids) {
    rows.push_back({{"id", id}});
  }
  return {{"title", words.plain(code)}, {"ids", rows}};
}

Html body(const EvidenceDiff& diff, Language language) {
  const Words words(language);
  json groups = json::array();
  json counts = json::array();
  for (const Moved moved : {Moved::up, Moved::down, Moved::no, Moved::not_judged}) {
    const auto number = std::count_if(diff.rows.begin(), diff.rows.end(),
                                      [&](const DiffRow& row) { return row.moved == moved; });
    counts.push_back({{"label", words.plain("diff.moved." + std::string(moved_name(moved)))},
                      {"value_html", words.count(number).markup}});
    if (number > 0) {
      groups.push_back(group_json(words, diff, moved));
    }
  }
  json lists = json::array();
  if (!diff.only_before.empty()) {
    lists.push_back(list_json(words, "diff.only_before", diff.only_before));
  }
  if (!diff.only_after.empty()) {
    lists.push_back(list_json(words, "diff.only_after", diff.only_after));
  }
  json mismatches = json::array();
  for (const std::string& text : diff.mismatches) {
    mismatches.push_back({{"text", text}});
  }
  const bool same =
      !diff.before->model.sha256.empty() && diff.before->model.sha256 == diff.after->model.sha256;
  return render_template("diff",
                         {{"sides",
                           {{{"label", words.plain("diff.before")},
                             {"value_html", model_of(words, *diff.before).markup}},
                            {{"label", words.plain("diff.after")},
                             {"value_html", model_of(words, *diff.after).markup}}}},
                          {"mismatches", mismatches},
                          {"same_model", same},
                          {"counts", counts},
                          {"groups", groups},
                          {"lists", lists}},
                         words);
}

}  // namespace

std::string diff_html(const EvidenceDiff& diff, Language language) {
  return whole_page(language, "diff.title", body(diff, Language::en), body(diff, Language::fr));
}

}  // namespace souvenir
