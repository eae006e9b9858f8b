#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/audit_plan.h"
#include "harness/journal.h"
#include "harness/runner.h"
#include "harness/suite.h"
#include "probes/registry.h"
#include "tests/support/fake_model.h"
#include "tests/support/temporary_folder.h"

namespace souvenir::test {

inline const std::string kSuite = R"({"schema":"souvenir/suite/1","name":"test",
  "windows":{"prefix_tokens":8,"secret_tokens":8},
  "probes":{"discoverable_extraction":{"queries":[1,100],"probabilities":[0.5],
  "decoding":[{"temperature":1.0,"top_k":0,"top_p":1.0}],"l":[4],"min_n":5,"min_controls":5}}})";

// Plans subjects, asks a model, and judges with one probe: an audit without a program around it.
class AuditFixture {
 public:
  //   queries_max  as of an audit; nothing: strings are read to their end
  explicit AuditFixture(const std::string& suite = kSuite,
                        std::optional<std::int64_t> queries_max = {})
      : suite_(parse_suite(suite, "test suite")) {
    const Probe& probe = find_probe("discoverable_extraction");
    context_.parameters = probe.resolve(suite_.probes.at("discoverable_extraction"), "test suite");
    context_.near_tie_delta = suite_.near_tie_delta;
    context_.queries_max = queries_max;
    needs_ = probe.needs(context_);
    if (needs_.least_log_p)
      needs_.score.early_stop = EarlyStop{*needs_.least_log_p, suite_.near_tie_delta};
  }

  void plan(Journal& journal, const std::string& subjects, std::int64_t token_budget = 256,
            std::int64_t recheck = 0) const {
    const std::string file = folder_.write("subjects.jsonl", subjects);
    plan_audit(journal, {.files = {file}, .needs = needs_, .recheck = recheck}, tokenizer_,
               decide_bos(tokenizer_, suite_.bos), suite_, token_budget);
  }

  bool ask(Journal& journal, const LanguageModel& model, std::int64_t batches = 1 << 20) const {
    return run_pass(journal, model, Pass::first, needs_.score, {suite_.near_tie_delta},
                    [&](const RunProgress&) { return batches-- > 0; });
  }

  // What an audit in 16 bits asks: everything, then again what that leaves in doubt or was drawn.
  std::vector<Finding> screen(const std::string& subjects, const LanguageModel& rounded,
                              const LanguageModel& exact, std::int64_t recheck,
                              double margin = 1.0) const {
    const TemporaryFolder folder;
    Journal journal(folder.path());
    const auto go_on = [](const RunProgress&) { return true; };
    plan(journal, subjects, 256, recheck);
    run_pass(journal, rounded, Pass::first, needs_.score, {0.25, needs_.log_thresholds, margin},
             go_on);
    journal.plan_pass(Pass::confirm, 256);
    run_pass(journal, exact, Pass::confirm, {.rules = needs_.score.rules}, {suite_.near_tie_delta},
             go_on);
    return judge(journal);
  }

  std::vector<Finding> judge(const Journal& journal) const {
    const auto strings = journal.strings();
    return find_probe("discoverable_extraction").judge(context_, *strings);
  }

  std::vector<Finding> audit(const std::string& subjects, const LanguageModel& model) const {
    const TemporaryFolder folder;
    Journal journal(folder.path());
    plan(journal, subjects);
    ask(journal, model);
    return judge(journal);
  }

  const Suite& suite() const { return suite_; }
  const ScoreOptions& options() const { return needs_.score; }
  const ProbeContext& context() const { return context_; }

 private:
  TemporaryFolder folder_;
  Suite suite_;
  ByteTokenizer tokenizer_;
  ProbeContext context_;
  ProbeNeeds needs_;
};

inline const Finding& find(const std::vector<Finding>& findings, const std::string& id) {
  for (const Finding& finding : findings) {
    if (finding_id(finding) == id) {
      return finding;
    }
  }
  throw std::runtime_error("no finding " + id);
}

}  // namespace souvenir::test
