#include <catch2/catch.hpp>
#include <string>

#include "metrics/reason.h"
#include "reports/html.h"
#include "tests/support/html_document.h"
#include "tests/support/sample_audit.h"

// What probes and subjects files say, in the words of the page.

namespace souvenir {
namespace {

using Document = tests::HtmlDocument;
using tests::visible_text;

TEST_CASE("why there is no number is said in the language of the page", "[html]") {
  Evidence e = tests::sample_audit();
  const Document document(render_html(e, {}));
  CHECK_THAT(visible_text(document.xml, "en", ""),
             Catch::Contains("too few controls: there are 400, this false-positive rate needs at "
                             "least 1000 non-members"));
  const std::string fr = visible_text(document.xml, "fr", "");
  CHECK_THAT(fr, !Catch::Contains("too few controls") &&
                     Catch::Contains("trop peu de témoins\u00a0: il y en a 400, ce taux de faux "
                                     "positifs demande au moins 1\u202f000 chaînes non membres"));
  for (Finding& finding : e.findings) {
    if (finding.estimate.value) continue;
    finding.estimate.reason = because("no_score", {because("no_reference")});
    finding.outcome_reason = {"not_measured", "not measured: no reference model", {}};
  }
  CHECK_THAT(visible_text(Document(render_html(e, {})).xml, "fr"),
             Catch::Contains("pas de score\u00a0: aucun modèle de référence"));
  for (Finding& finding : e.findings) finding.estimate.reason = "a reason of another version";
  const Document other(render_html(e, {}));
  CHECK_FALSE(
      other.xml.select_nodes("//bdi[@lang='en' and .='a reason of another version']").empty());
}

TEST_CASE("a stratum that is true or false is said as a yes or a no", "[html]") {
  Evidence e = tests::sample_evidence();
  e.findings[0].stratum = {"minor", true};
  e.findings[1].stratum = {"minor", false};
  for (Finding& finding : e.findings) finding.suppressed = false;
  const Document document(render_html(e, {}));
  CHECK_THAT(visible_text(document.xml, "en"),
             Catch::Contains("minor: yes") && Catch::Contains("minor: no"));
  CHECK_THAT(visible_text(document.xml, "fr"),
             Catch::Contains("mineur\u00a0: oui") && Catch::Contains("mineur\u00a0: non"));
}

}  // namespace
}  // namespace souvenir
