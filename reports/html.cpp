#include "reports/html.h"

#include "harness/evidence/criteria.h"
#include "harness/evidence/json.h"
#include "reports/html_page.h"

namespace souvenir {

namespace embedded {
extern const std::string_view report_css;
}

namespace {

using nlohmann::json;

// The page in one language.
json body(const Evidence& evidence, const ReportOptions& options, Language language) {
  const Words words(language);
  const Page page{
      evidence, options, words,
      evidence.criteria.empty() ? criteria_outcomes(evidence.findings) : evidence.criteria};
  std::string markup;
  for (const auto section : {header_section, summary_section, object_section, threat_section,
                             results_section, controls_section, limits_section, criteria_section,
                             gate_section, human_section, again_section, glossary_section}) {
    markup += section(page).markup;
  }
  return {{"code", words.code()}, {"body_html", markup}};
}

}  // namespace

std::string render_html(const Evidence& original, const ReportOptions& options) {
  const Evidence evidence = published(original);
  const Words words(options.language);
  const json model = {
      {"css_html", std::string(embedded::report_css)},
      {"en_first", options.language == Language::en},
      {"fr_first", options.language == Language::fr},
      {"pages", {body(evidence, options, Language::en), body(evidence, options, Language::fr)}}};
  return render_template("frame", model, words).markup;
}

}  // namespace souvenir
