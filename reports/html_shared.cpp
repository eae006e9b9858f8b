#include <algorithm>
#include <cmath>
#include <kainjow/mustache.hpp>
#include <set>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "reports/html_page.h"

namespace souvenir {

namespace embedded {
extern const std::string_view again_mustache;
extern const std::string_view canaries_mustache;
extern const std::string_view context_mustache;
extern const std::string_view controls_mustache;
extern const std::string_view criteria_mustache;
extern const std::string_view curves_mustache;
extern const std::string_view demo_mustache;
extern const std::string_view diff_mustache;
extern const std::string_view frame_mustache;
extern const std::string_view gate_mustache;
extern const std::string_view glossary_mustache;
extern const std::string_view header_mustache;
extern const std::string_view human_mustache;
extern const std::string_view limits_mustache;
extern const std::string_view membership_mustache;
extern const std::string_view object_mustache;
extern const std::string_view persons_mustache;
extern const std::string_view rates_mustache;
extern const std::string_view results_mustache;
extern const std::string_view subject_mustache;
extern const std::string_view summary_mustache;
extern const std::string_view threat_mustache;
extern const std::string_view values_mustache;
}  // namespace embedded

namespace {

using nlohmann::json;
namespace mustache = kainjow::mustache;

struct Template {
  std::string_view name;
  std::string_view text;
};

// Names of templates are those of the sections' texts: "results" says what starts with "results.".
std::string_view template_text(std::string_view name) {
  const Template all[] = {{"again", embedded::again_mustache},
                          {"canaries", embedded::canaries_mustache},
                          {"context", embedded::context_mustache},
                          {"controls", embedded::controls_mustache},
                          {"criteria", embedded::criteria_mustache},
                          {"curves", embedded::curves_mustache},
                          {"demo", embedded::demo_mustache},
                          {"diff", embedded::diff_mustache},
                          {"frame", embedded::frame_mustache},
                          {"gate", embedded::gate_mustache},
                          {"glossary", embedded::glossary_mustache},
                          {"header", embedded::header_mustache},
                          {"human", embedded::human_mustache},
                          {"limits", embedded::limits_mustache},
                          {"membership", embedded::membership_mustache},
                          {"object", embedded::object_mustache},
                          {"persons", embedded::persons_mustache},
                          {"rates", embedded::rates_mustache},
                          {"results", embedded::results_mustache},
                          {"subject", embedded::subject_mustache},
                          {"summary", embedded::summary_mustache},
                          {"threat", embedded::threat_mustache},
                          {"values", embedded::values_mustache}};
  for (const Template& row : all) {
    if (row.name == name) {
      return row.text;
    }
  }
  throw Error(ErrorKind::internal, "report: no template " + std::string(name));
}

mustache::data to_mustache(const json& value) {
  switch (value.type()) {
    case json::value_t::object: {
      mustache::data out;
      for (const auto& [key, member] : value.items()) {
        out.set(key, to_mustache(member));
      }
      return out;
    }
    case json::value_t::array: {
      mustache::data out{mustache::data::type::list};
      for (const json& element : value) {
        out.push_back(to_mustache(element));
      }
      return out;
    }
    case json::value_t::boolean:
      return mustache::data(value.get<bool>());
    case json::value_t::string: {
      // An empty text is no section to show.
      const std::string& text = value.get_ref<const std::string&>();
      return text.empty() ? mustache::data(false) : mustache::data(text);
    }
    default:
      return mustache::data(false);
  }
}

// The texts of every section, as plain strings under codes with underscores.
void add_texts(json& model, const Words& words) {
  for (const std::string& code : text_codes()) {
    std::string key = "t_" + code;
    std::replace(key.begin(), key.end(), '.', '_');
    model[key] = words.plain(code);
  }
}

}  // namespace

Html render_template(std::string_view name, json model, const Words& words) {
  add_texts(model, words);
  model["lang"] = words.code();
  mustache::mustache page{std::string(template_text(name))};
  page.set_custom_escape([](const std::string& text) { return escaped(text).markup; });
  if (!page.is_valid()) {
    throw Error(ErrorKind::internal,
                "report: template " + std::string(name) + ": " + page.error_message());
  }
  return {page.render(to_mustache(model))};
}

Html outcome_tag(const Words& words, Outcome outcome) {
  const std::string name(outcome_name(outcome));
  return {"<span class=\"outcome " + name + "\">" + words.say("outcome." + name).markup +
          "</span>"};
}

Html not_run_name(const Words& words, const std::string& what) {
  for (const char* prefix : {"not_run.", "probe."}) {
    if (words.has(prefix + what)) return words.say(prefix + what);
  }
  return isolated(what);
}

Html remark_text(const Words& words, const Remark& remark) {
  const std::string code = "remark." + remark.code;
  if (words.language() == Language::en && !remark.text.empty()) {
    return isolated(remark.text);
  }
  if (words.has(code)) {
    return words.fill(code, {{"count", words.number(remark.count.value_or(0))}});
  }
  if (remark.text.empty()) {
    return {};
  }
  return {"<bdi lang=\"en\">" + escaped(remark.text).markup + "</bdi>"};
}

Html metric_name(const Words& words, const std::string& metric) {
  const std::string code = "metric." + metric;
  return words.has(code) ? words.say(code) : isolated(metric);
}

bool over_all(const Finding& finding) { return finding.stratum.key.empty(); }

double repetitions_of(const Finding& finding) {
  if (finding.stratum.key != "repetitions") {
    return -1.0;
  }
  return number_param({"", {{"n", finding.stratum.value}}}, "n").value_or(-1.0);
}

bool is_held_out(const Finding& finding) {
  return finding.is_control && finding.stratum.key != "role";
}

std::string score_of(const Finding& finding) {
  for (const auto& [key, value] : finding.metric.params) {
    if (key == "score" && std::holds_alternative<std::string>(value)) {
      return std::get<std::string>(value);
    }
  }
  return "";
}

Html score_name(const Words& words, const Finding& finding) {
  const std::string score = score_of(finding);
  return words.has("score." + score) ? words.say("score." + score) : isolated(score);
}

bool is_blind(const Finding& finding) { return score_of(finding).rfind("blind_", 0) == 0; }

bool of_canaries(const Finding& finding) {
  const auto& params = finding.metric.params;
  return std::any_of(params.begin(), params.end(), [](const auto& param) {
    return param.first == "population" && param.second == ParamValue(std::string("canaries"));
  });
}

bool same_stratum(const Finding& a, const Finding& b) {
  return a.is_control == b.is_control && a.stratum.key == b.stratum.key &&
         a.stratum.value == b.stratum.value;
}

bool same_params(const Metric& a, const Metric& b) {
  auto left = a.params;
  auto right = b.params;
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  return left == right;
}

bool is_measured(const Finding& finding) {
  return finding.estimate.value || finding.estimate.log10_value;
}

// What was asked of too few strings to say anything was not run, for a reader.
bool is_run(const Page& page, std::string_view criterion) {
  const auto measured = [&](const std::string& id) {
    return std::any_of(
        page.evidence.findings.begin(), page.evidence.findings.end(),
        [&](const Finding& finding) { return is_measured(finding) && finding_id(finding) == id; });
  };
  return std::any_of(page.criteria.begin(), page.criteria.end(), [&](const auto& row) {
    return row.id == criterion && row.outcome != Outcome::not_tested &&
           row.outcome != Outcome::not_applicable &&
           std::any_of(row.findings.begin(), row.findings.end(), measured);
  });
}

const Finding* headline(const Evidence& evidence) {
  const Finding* first = nullptr;
  for (const Finding& finding : evidence.findings) {
    const bool carries_word = finding.outcome != Outcome::not_applicable && !finding.is_control;
    if (over_all(finding) && carries_word) {
      if (finding.metric.name == "verbatim_rate" && finding.arm == "model") {
        return &finding;
      }
      first = first == nullptr ? &finding : first;
    }
  }
  return first;
}

const Finding* find_finding(const Evidence& evidence, const std::string& id) {
  for (const Finding& finding : evidence.findings) {
    if (finding_id(finding) == id) {
      return &finding;
    }
  }
  return nullptr;
}

}  // namespace souvenir
