// Holds of every registered probe, without its author writing a line.

#include <catch2/catch.hpp>
#include <set>

#include "harness/evidence/json.h"
#include "metrics/reason.h"
#include "probes/registry.h"
#include "tests/support/audit_fixture.h"
#include "tests/support/list_cursor.h"

using namespace souvenir;
using namespace souvenir::test;

TEST_CASE("every probe has a name of its own, a goal and a source", "[contract]") {
  std::set<std::string> names;
  for (const auto& probe : probes()) {
    CAPTURE(probe->info().name);
    CHECK(names.insert(probe->info().name).second);
    CHECK_FALSE(probe->info().version.empty());
    CHECK_FALSE(probe->info().goal.empty());
    CHECK_FALSE(probe->info().source.empty());
    CHECK(&find_probe(probe->info().name) == probe.get());
  }
  CHECK_FALSE(names.empty());
}

TEST_CASE("every probe has parameters that resolve to themselves", "[contract]") {
  for (const auto& probe : probes()) {
    CAPTURE(probe->info().name);
    const auto once = probe->resolve(nlohmann::json::object(), "test");
    CHECK(probe->resolve(once, "test") == once);
    CHECK_THROWS(probe->resolve({{"no_such_parameter", 1}}, "test"));
  }
}

namespace {

ProbeContext default_context(const Probe& probe) {
  ProbeContext context;
  context.parameters = probe.resolve(nlohmann::json::object(), "test");
  context.near_tie_delta = 1e-3;
  return context;
}

// Reports can say only what metrics/reason.h lists.
void check_reasons(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    CAPTURE(finding_id(finding), finding.estimate.reason);
    CHECK((finding.estimate.reason.empty() || read_reason(finding.estimate.reason)));
  }
}

std::string judge(const Probe& probe, std::vector<JudgedString> strings) {
  ListCursor cursor(std::move(strings));
  Evidence evidence;
  evidence.findings = probe.judge(default_context(probe), cursor);
  check_reasons(evidence.findings);
  return canonical_json(to_json(evidence)["findings"]);
}

// Ids and words, in order.
std::string outcomes(const Probe& probe, std::vector<JudgedString> strings) {
  ListCursor cursor(std::move(strings));
  const std::vector<Finding> findings = probe.judge(default_context(probe), cursor);
  check_reasons(findings);
  std::string text;
  for (const Finding& finding : findings) {
    text += finding_id(finding) + " " + std::string(outcome_name(finding.outcome)) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("every probe has an answer to nothing and to one class", "[contract]") {
  for (const auto& probe : probes()) {
    CAPTURE(probe->info().name);
    CHECK(judge(*probe, {}).find("\"contradicted\"") == std::string::npos);
    std::vector<JudgedString> one;
    const TemporaryFolder folder;
    const AuditFixture audit;
    Journal journal(folder.path());
    std::string rows;
    for (int i = 0; i < 8; ++i) {
      rows += "{\"id\":\"" + std::to_string(i) + "\",\"prefix\":\"p" + std::to_string(i) +
              "\",\"secret\":\"s" + std::to_string(i) + "\",\"member\":\"no\"}\n";
    }
    audit.plan(journal, rows);
    audit.ask(journal, FakeModel());
    const std::string text = [&] {
      Evidence evidence;
      evidence.findings = audit.judge(journal);
      check_reasons(evidence.findings);
      return canonical_json(to_json(evidence)["findings"]);
    }();
    CHECK(text.find("\"contradicted\"") == std::string::npos);
    CHECK(text.find("not_contradicted_in_scope") == std::string::npos);
  }
}

TEST_CASE("judging does not depend on the order of persons", "[contract]") {
  const AuditFixture audit;
  const TemporaryFolder folder;
  Journal journal(folder.path());
  std::string rows;
  for (int i = 0; i < 20; ++i) {
    rows += "{\"id\":\"" + std::to_string(i) + "\",\"prefix\":\"the prompt " + std::to_string(i) +
            "\",\"secret\":\"zebra" + std::to_string(i) + "\",\"person\":\"" +
            std::to_string(i / 3) + "\"}\n";
  }
  audit.plan(journal, rows);
  audit.ask(journal, FakeModel({"the prompt 3zebra3", "the prompt 4zebra4"}));
  std::vector<JudgedString> strings;
  const auto cursor = journal.strings();
  for (JudgedString string; cursor->next(string);) {
    strings.push_back(string);
  }
  REQUIRE(strings.size() == 20);
  std::vector<JudgedString> reversed(strings.rbegin(), strings.rend());
  const Probe& probe = find_probe("discoverable_extraction");
  ListCursor forwards(strings);
  ListCursor backwards(reversed);
  const auto a = probe.judge(audit.context(), forwards);
  const auto b = probe.judge(audit.context(), backwards);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(finding_id(a[i]));
    CHECK(finding_id(a[i]) == finding_id(b[i]));
    CHECK(a[i].outcome == b[i].outcome);
    CHECK(a[i].estimate.count == b[i].estimate.count);
    // Sums of doubles differ in their last bits.
    CHECK(a[i].estimate.value.value_or(-1) == Approx(b[i].estimate.value.value_or(-1)));
    CHECK(a[i].estimate.high.value_or(-1) == Approx(b[i].estimate.high.value_or(-1)));
  }
  CHECK(find(a, "discoverable_extraction/verbatim_rate/all").estimate.count == 2);
}

TEST_CASE("no probe's judgement depends on the order of persons", "[contract]") {
  std::string rows;
  for (int i = 0; i < 24; ++i) {
    rows += "{\"id\":\"" + std::to_string(i) + "\",\"prefix\":\"the prompt " + std::to_string(i) +
            "\",\"secret\":\"zebra" + std::to_string(i) + "\",\"person\":\"" +
            std::to_string(i / 3) + "\",\"member\":\"" + (i % 2 == 0 ? "yes" : "no") + "\"}\n";
  }
  const TemporaryFolder input;
  const std::string file = input.write("subjects.jsonl", rows);
  const ByteTokenizer tokenizer;
  for (const auto& probe : probes()) {
    CAPTURE(probe->info().name);
    const AuditQuestions questions{.files = {file}, .needs = probe->needs(default_context(*probe))};
    const TemporaryFolder folder;
    Journal journal(folder.path());
    plan_audit(journal, questions, tokenizer, decide_bos(tokenizer, BosRule::automatic),
               AuditFixture().suite(), 256);
    run_pass(journal, FakeModel({"the prompt 4zebra4", "the prompt 6zebra6"}), Pass::first,
             questions.needs.score, {1e-3}, [](const RunProgress&) { return true; });
    std::vector<JudgedString> strings;
    const auto cursor = journal.strings();
    for (JudgedString string; cursor->next(string);) {
      strings.push_back(string);
    }
    REQUIRE(strings.size() == 24);
    const std::vector<JudgedString> reversed(strings.rbegin(), strings.rend());
    CHECK(outcomes(*probe, strings) == outcomes(*probe, reversed));
  }
}
