// Journals of shards, without a program around them: what each answers, and what a merge makes.

#include "harness/journal_merge.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/request.h"
#include "tests/support/audit_fixture.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

constexpr std::int64_t kBudget = 256;

std::string uneven_subjects(int count) {
  std::string rows;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    rows += "{\"id\":\"s" + n + "\",\"prefix\":\"prefix of " + n + " \",\"secret\":\"secret " + n +
            std::string(static_cast<std::size_t>(i % 13), 'x') + "\"}\n";
  }
  return rows;
}

// Which questions stand together in which batch of a pass.
using Batches = std::map<std::int64_t, std::vector<std::string>>;

Batches batches_of(const Journal& journal, Pass pass, const ScoreOptions& options) {
  Batches batches;
  for (const std::int64_t ordinal : journal.open_batches(pass)) {
    for (const JournalRequest& row : journal.batch(pass, ordinal)) {
      batches[ordinal].push_back(request_digest(row.request, options));
    }
  }
  return batches;
}

// Runs a pass and plans the confirming one, of every answer whose gap is below delta.
Batches confirming(const AuditFixture& audit, Journal& journal, const LanguageModel& model,
                   double delta) {
  run_pass(journal, model, Pass::first, audit.options(), {delta},
           [](const RunProgress&) { return true; });
  journal.plan_pass(Pass::confirm, kBudget);
  return batches_of(journal, Pass::confirm, audit.options());
}

}  // namespace

TEST_CASE("shards divide the batches of every pass, and confirm what one run would", "[shard]") {
  const AuditFixture audit;
  const FakeModel model({"prefix of 3 secret 3"});
  Journal whole;
  audit.plan(whole, uneven_subjects(300), kBudget);
  const Batches first = batches_of(whole, Pass::first, audit.options());
  // Every answer is a near-tie then: the most that can be confirmed.
  const Batches confirm = confirming(audit, whole, model, 1e9);
  whole.plan_pass(Pass::reference, kBudget);
  const Batches reference = batches_of(whole, Pass::reference, audit.options());
  REQUIRE(first.size() > 20);
  REQUIRE(confirm.size() > 20);

  const std::int64_t count = GENERATE(1, 2, 3, 7, 64);
  CAPTURE(count);
  Batches all_first;
  Batches all_confirm;
  Batches all_reference;
  std::size_t together = 0;
  for (std::int64_t index = 0; index < count; ++index) {
    Journal journal;
    audit.plan(journal, uneven_subjects(300), kBudget);
    take_share(journal, {index, count}, kBudget, {});
    take_share(journal, {index, count}, kBudget, {});  // again: does nothing
    const Batches own = batches_of(journal, Pass::first, audit.options());
    const Batches again = confirming(audit, journal, model, 1e9);
    journal.plan_pass(Pass::reference, kBudget);
    const Batches other = batches_of(journal, Pass::reference, audit.options());
    together += own.size() + again.size() + other.size();
    all_first.insert(own.begin(), own.end());
    all_confirm.insert(again.begin(), again.end());
    all_reference.insert(other.begin(), other.end());
  }
  CHECK(all_first == first);
  CHECK(all_confirm == confirm);
  CHECK(all_reference == reference);
  CHECK(together == first.size() + confirm.size() + reference.size());  // none twice
}

TEST_CASE("shares of a plan cost about the same", "[shard]") {
  const AuditFixture audit;
  std::vector<std::int64_t> tokens;
  for (std::int64_t index = 0; index < 3; ++index) {
    Journal journal;
    audit.plan(journal, uneven_subjects(600), kBudget);
    take_share(journal, {index, 3}, kBudget, {});
    tokens.push_back(0);
    for (const std::int64_t ordinal : journal.open_batches(Pass::first)) {
      for (const JournalRequest& row : journal.batch(Pass::first, ordinal)) {
        tokens.back() +=
            static_cast<std::int64_t>(row.request.prefix_ids.size() + row.request.ids.size());
      }
    }
  }
  const auto [least, most] = std::minmax_element(tokens.begin(), tokens.end());
  // Handed out dearest first, no two shares differ by more than a batch.
  CHECK(*most - *least <= kBudget);
}

TEST_CASE("merged journals hold the answers of one run", "[shard]") {
  const AuditFixture audit;
  const FakeModel model({"prefix of 3 secret 3"});
  Journal whole;
  audit.plan(whole, uneven_subjects(90));
  REQUIRE(audit.ask(whole, model));

  const TemporaryFolder folder;
  std::vector<ShardRecord> shards;
  for (std::int64_t index = 0; index < 3; ++index) {
    const std::string path = folder.path() + "/" + std::to_string(index);
    std::filesystem::create_directory(path);
    {
      Journal journal(path);
      journal.identify({{"model", "aa"}});
      audit.plan(journal, uneven_subjects(90));
      take_share(journal, {index, 3}, kBudget, {});
      REQUIRE(audit.ask(journal, model));
      CHECK_THROWS_AS(read_shard(path), Error);  // held by another run
      write_sheet(journal, {{"finished", "x"}});
    }
    shards.insert(shards.begin(), read_shard(path));
  }
  require_whole_set(shards);
  CHECK(shards.front().note.shard == Shard{0, 3});
  const TemporaryFolder merged;
  merge_shards(shards, merged.path());
  const Journal journal(merged.path());
  CHECK_FALSE(shard_note(journal));
  Evidence one;
  Evidence other;
  one.findings = audit.judge(whole);
  other.findings = audit.judge(journal);
  CHECK(canonical_json(to_json(one)) == canonical_json(to_json(other)));

  shards.pop_back();
  CHECK_THROWS_WITH(require_whole_set(shards), Catch::Contains("missing: 2/3"));
}
