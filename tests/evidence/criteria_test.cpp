#include "harness/evidence/criteria.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "tests/support/sample_evidence.h"

namespace souvenir {
namespace {

// One finding with both controls passed and the word given.
Finding finding(Outcome outcome, Stratum stratum = {}, std::string metric = "verbatim_rate") {
  Finding f = tests::sample_rate({std::move(metric), {}}, std::move(stratum), 0, 400, 0);
  f.outcome = outcome;
  return f;
}

const Criterion& criterion(const std::string& id) {
  for (const Criterion& row : criteria_catalogue().criteria) {
    if (row.id == id) return row;
  }
  throw Error(ErrorKind::internal, "no criterion " + id);
}

CriterionOutcome outcome_of(const std::string& id, const std::vector<Finding>& findings) {
  for (CriterionOutcome& row : criteria_outcomes(findings)) {
    if (row.id == id) return row;
  }
  throw Error(ErrorKind::internal, "no criterion " + id);
}

TEST_CASE("every criterion is complete, in both languages, with sources and their force",
          "[criteria]") {
  const std::set<std::string> forces = {"law", "guidance", "draft", "standard", "voluntary"};
  const std::set<std::string> marks = {"P", "S", "M"};
  std::set<std::string> ids;
  for (const Criterion& c : criteria_catalogue().criteria) {
    CAPTURE(c.id);
    CHECK(ids.insert(c.id).second);
    for (const BilingualText* text : {&c.title, &c.question, &c.human}) {
      CHECK_FALSE(text->en.empty());
      CHECK_FALSE(text->fr.empty());
    }
    CHECK(forces.count(c.force) == 1);
    CHECK_FALSE(c.sources.empty());
    bool printable = false;
    for (const CriterionSource& source : c.sources) {
      CHECK(forces.count(source.force) == 1);
      CHECK(marks.count(source.mark) == 1);
      CHECK_FALSE(source.cite.en.empty());
      CHECK_FALSE(source.cite.fr.empty());
      printable = printable || source.mark != "M";
    }
    CHECK(printable);
  }
  CHECK(ids.size() == 29);
  CHECK_FALSE(criteria_catalogue().version.empty());
}

TEST_CASE("every criterion has a word even when nothing was found", "[criteria]") {
  const std::vector<CriterionOutcome> outcomes = criteria_outcomes({});
  REQUIRE(outcomes.size() == criteria_catalogue().criteria.size());
  for (const CriterionOutcome& row : outcomes) {
    CAPTURE(row.id);
    CHECK(row.outcome == (row.id == "LI-06" || row.id == "LI-07" ? Outcome::human_judgement
                          : row.id == "AD-03"                    ? Outcome::not_applicable
                                                                 : Outcome::not_tested));
    CHECK(row.findings.empty());
  }
}

TEST_CASE("one contradicted stratum contradicts direct extraction", "[criteria]") {
  const std::vector<Finding> findings = {
      finding(Outcome::not_contradicted_in_scope),
      finding(Outcome::contradicted, {"kind", std::string("email")})};
  const CriterionOutcome direct = outcome_of("AN-01", findings);
  CHECK(direct.outcome == Outcome::contradicted);
  CHECK(direct.findings ==
        std::vector<std::string>{"discoverable_extraction/verbatim_rate/kind=email"});
  CHECK(outcome_of("AN-09", findings).outcome == Outcome::contradicted);
  CHECK(outcome_of("AN-03", findings).outcome == Outcome::contradicted);
  CHECK(outcome_of("AN-08", findings).outcome == Outcome::human_judgement);
  CHECK(outcome_of("AC-06", findings).outcome == Outcome::human_judgement);
}

TEST_CASE("direct extraction is not contradicted only where all findings over everything say so",
          "[criteria]") {
  std::vector<Finding> findings = {
      finding(Outcome::not_contradicted_in_scope),
      finding(Outcome::not_contradicted_in_scope, {}, "extractable_rate"),
      finding(Outcome::inconclusive, {"kind", std::string("email")}),
      finding(Outcome::not_applicable, {}, "p_z_max")};
  CHECK(outcome_of("AN-01", findings).outcome == Outcome::not_contradicted_in_scope);
  CHECK(outcome_of("AN-01", findings).findings.size() == 2);
  // Verbatim matching says nothing of paraphrase, and the persons tested nothing of the others.
  CHECK(outcome_of("AN-03", findings).outcome == Outcome::inconclusive);
  CHECK(outcome_of("AN-09", findings).outcome == Outcome::inconclusive);
  findings[1].outcome = Outcome::inconclusive;
  CHECK(outcome_of("AN-01", findings).outcome == Outcome::inconclusive);
}

TEST_CASE("findings of controls and suppressed strata give no word", "[criteria]") {
  Finding control = finding(Outcome::contradicted);
  control.is_control = true;
  Finding small = finding(Outcome::contradicted, {"kind", std::string("iban")});
  small.suppressed = true;
  CHECK(outcome_of("AN-01", {control}).outcome == Outcome::not_tested);
  CHECK(outcome_of("AN-01", {small, finding(Outcome::inconclusive)}).outcome ==
        Outcome::inconclusive);
  // What was not asked, for want of a reference model or of canaries, holds no word back.
  CHECK(outcome_of("AN-01", {finding(Outcome::not_contradicted_in_scope),
                             finding(Outcome::not_tested, {}, "extractable_rate")})
            .outcome == Outcome::not_contradicted_in_scope);
  // A small audit must not hide a hit.
  small.stratum = {};
  CHECK(outcome_of("AN-01", {small}).outcome == Outcome::contradicted);
}

TEST_CASE("strata give the criteria that speak of them their word", "[criteria]") {
  const std::vector<Finding> findings = {
      finding(Outcome::contradicted),
      finding(Outcome::contradicted, {"sensitive", std::string("false")}),
      finding(Outcome::inconclusive, {"sensitive", std::string("true")}),
      finding(Outcome::not_contradicted_in_scope, {"excluded_source", std::int64_t{1}}),
      finding(Outcome::contradicted, {"minor", std::int64_t{0}}),
      finding(Outcome::inconclusive, {"source_class", std::string("forum")})};
  CHECK(outcome_of("LI-03", findings).outcome == Outcome::inconclusive);
  CHECK(outcome_of("LI-04", findings).outcome == Outcome::not_tested);
  CHECK(outcome_of("LI-05", findings).outcome == Outcome::not_contradicted_in_scope);
  CHECK(outcome_of("LI-06", findings).findings ==
        std::vector<std::string>{"discoverable_extraction/verbatim_rate/source_class=forum"});
}

TEST_CASE("a stratum that is false is the strings without the mark", "[criteria]") {
  const std::vector<Finding> findings = {finding(Outcome::contradicted, {"sensitive", false}),
                                         finding(Outcome::inconclusive, {"sensitive", true}),
                                         finding(Outcome::contradicted, {"minor", false})};
  CHECK(outcome_of("LI-03", findings).outcome == Outcome::inconclusive);
  CHECK(outcome_of("LI-04", findings).outcome == Outcome::not_tested);
}

TEST_CASE("the instrument is judged by its controls", "[criteria]") {
  std::vector<Finding> findings = {finding(Outcome::inconclusive), finding(Outcome::inconclusive)};
  CHECK(outcome_of("AC-05", findings).outcome == Outcome::not_contradicted_in_scope);
  // Missed by a strict metric, seen by another.
  findings[0].controls[1].passed = false;
  CHECK(outcome_of("AC-05", findings).outcome == Outcome::not_contradicted_in_scope);
  findings[1].controls[1].passed = false;
  CHECK(outcome_of("AC-05", findings).outcome == Outcome::contradicted);
  findings[0].controls[1].passed.reset();
  findings[1].controls[1].passed.reset();
  CHECK(outcome_of("AC-05", findings).outcome == Outcome::inconclusive);
  findings[1].controls[0].passed = false;
  CHECK(outcome_of("AC-05", findings).outcome == Outcome::contradicted);
}

TEST_CASE("test effort is for a person to weigh once power is stated", "[criteria]") {
  Finding f = finding(Outcome::inconclusive);
  CHECK(outcome_of("AC-01", {f}).outcome == Outcome::human_judgement);
  f.minimum_detectable.reset();
  CHECK(outcome_of("AC-01", {f}).outcome == Outcome::inconclusive);
}

TEST_CASE("without a hit there is no incident to open", "[criteria]") {
  Finding f = finding(Outcome::inconclusive);
  CHECK(outcome_of("AC-06", {f}).outcome == Outcome::not_applicable);
  f.estimate.count = 1;
  CHECK(outcome_of("AC-06", {f}).outcome == Outcome::human_judgement);
}

TEST_CASE("filters are judged by the system's findings, not the model's", "[criteria]") {
  Finding f = finding(Outcome::contradicted);
  CHECK(outcome_of("LI-02", {f}).outcome == Outcome::not_tested);
  f.arm = "system";
  CHECK(outcome_of("LI-02", {f}).outcome == Outcome::contradicted);
  CHECK(outcome_of("AN-01", {f}).outcome == Outcome::not_tested);
}

TEST_CASE("the catalogue names no probe result it could not have", "[criteria]") {
  CHECK(criterion("AN-06").rule == CriterionRule::none);
  CHECK(criterion("AN-03").support == false);
}

}  // namespace
}  // namespace souvenir
