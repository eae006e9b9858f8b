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
Html body(const Evidence& evidence, const ReportOptions& options, Language language) {
  const Words words(language);
  const Page page{
      evidence, options, words,
      evidence.criteria.empty() ? criteria_outcomes(evidence.findings) : evidence.criteria};
  std::string markup;
  for (const auto section :
       {header_section, summary_section, demo_section, object_section, context_section,
        threat_section, results_section, controls_section, limits_section, criteria_section,
        gate_section, human_section, again_section, glossary_section}) {
    markup += section(page).markup;
  }
  return {markup};
}

}  // namespace

std::string whole_page(Language first, std::string_view title, const Html& en, const Html& fr) {
  const Words words(first);
  const json model = {
      {"css_html", std::string(embedded::report_css)},
      {"title", words.plain(title)},
      {"en_first", first == Language::en},
      {"fr_first", first == Language::fr},
      {"pages",
       {{{"code", "en"}, {"body_html", en.markup}}, {{"code", "fr"}, {"body_html", fr.markup}}}}};
  return render_template("frame", model, words).markup;
}

std::string render_html(const Evidence& original, const ReportOptions& options) {
  const Evidence evidence = published(original);
  return whole_page(options.language, "page.title", body(evidence, options, Language::en),
                    body(evidence, options, Language::fr));
}

}  // namespace souvenir
