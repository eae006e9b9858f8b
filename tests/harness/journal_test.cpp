#include "harness/journal.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <random>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/request.h"
#include "harness/sqlite.h"
#include "tests/support/audit_fixture.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

std::string subjects(int count) {
  std::string rows;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    rows += "{\"id\":\"s" + n + "\",\"prefix\":\"prefix of " + n + " \",\"secret\":\"secret " + n +
            "\",\"person\":\"p" + std::to_string(i % 7) + "\"}\n";
  }
  return rows;
}

std::string findings_text(const std::vector<Finding>& findings) {
  Evidence evidence;
  evidence.findings = findings;
  return canonical_json(to_json(evidence)["findings"]);
}

ErrorKind kind_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("accepted");
  return ErrorKind::internal;
}

}  // namespace

TEST_CASE("an observation is packed and unpacked without loss", "[journal]") {
  ScoreObservation in;
  in.log_probs = {-0.5, -1e-300};
  in.ranks = {1, 50000};
  in.ties = {0, 3};
  in.gaps = {0.25F, -1.0F};
  in.argmax = {7, 9};
  in.rule_log_probs = {{-0.1, -std::numeric_limits<double>::infinity()}, {}};
  in.top_ids = {{1, 2}, {3}};
  const ScoreObservation out = unpack_observation(pack_observation(in));
  CHECK(out.log_probs == in.log_probs);
  CHECK(out.ranks == in.ranks);
  CHECK(out.ties == in.ties);
  CHECK(out.gaps == in.gaps);
  CHECK(out.argmax == in.argmax);
  CHECK(out.rule_log_probs == in.rule_log_probs);
  CHECK(out.top_ids == in.top_ids);
  const std::string packed = pack_observation(in);
  CHECK_THROWS_AS(unpack_observation(packed.substr(0, packed.size() - 1)), Error);
  CHECK_THROWS_AS(unpack_observation(packed + "x"), Error);
}

TEST_CASE("a journal of another schema is refused with what to do", "[journal]") {
  const TemporaryFolder folder;
  { const Journal begun(folder.path()); }
  CHECK_NOTHROW(Journal(folder.path()));
  {
    Database file(folder.path() + "/journal.sqlite");
    file.run("ALTER TABLE request DROP COLUMN recheck; PRAGMA user_version = 0");
  }
  CHECK_THROWS_WITH(Journal(folder.path()), Catch::Contains("another version of the program"));
  CHECK(kind_of([&] { const Journal again(folder.path()); }) == ErrorKind::usage);
}

TEST_CASE("a run that is stopped goes on, asks nothing twice and finds the same", "[journal]") {
  const AuditFixture audit;
  const FakeModel model({"prefix of 3 secret 3"});
  const TemporaryFolder whole_folder;
  Journal whole(whole_folder.path());
  audit.plan(whole, subjects(40));
  REQUIRE(audit.ask(whole, model));
  const std::int64_t asked_at_once = model.asked;
  REQUIRE(whole.batches(Pass::first) > 3);

  const FakeModel again({"prefix of 3 secret 3"});
  const TemporaryFolder folder;
  {
    Journal journal(folder.path());
    audit.plan(journal, subjects(40));
    CHECK_FALSE(audit.ask(journal, again, 2));
  }
  Journal journal(folder.path());
  REQUIRE(journal.planned());
  CHECK(audit.ask(journal, again));
  CHECK(again.asked == asked_at_once);
  CHECK(findings_text(audit.judge(journal)) == findings_text(audit.judge(whole)));
}

TEST_CASE("a journal killed at random moments loses no committed batch", "[journal]") {
  const AuditFixture audit;
  const FakeModel model({"prefix of 3 secret 3"});
  const TemporaryFolder whole_folder;
  Journal whole(whole_folder.path());
  audit.plan(whole, subjects(300));
  audit.ask(whole, model);
  const std::string expected = findings_text(audit.judge(whole));

  const TemporaryFolder folder;
  std::mt19937 random(7);
  std::size_t open_before = 1U << 20U;
  for (int round = 0; round < 12; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      Journal journal(folder.path());
      if (!journal.planned()) {
        audit.plan(journal, subjects(300));
      }
      audit.ask(journal, model);
      std::_Exit(0);
    }
    usleep(static_cast<useconds_t>(random() % 60000));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const Journal journal(folder.path());
    if (journal.planned()) {
      const std::size_t open = journal.open_batches(Pass::first).size();
      CHECK(open <= open_before);
      open_before = open;
    }
  }
  Journal journal(folder.path());
  if (!journal.planned()) {
    audit.plan(journal, subjects(300));
  }
  const auto open = static_cast<std::int64_t>(journal.open_batches(Pass::first).size());
  std::int64_t batches = 0;
  run_pass(journal, model, Pass::first, audit.options(), {1e-3}, [&](const RunProgress& progress) {
    batches = progress.batches_done;
    return true;
  });
  CHECK(batches == journal.batches(Pass::first));
  CHECK(open <= batches);
  CHECK(findings_text(audit.judge(journal)) == expected);
}

// Remembers how many batches went through the model together.
class GroupingModel : public FakeModel {
 public:
  using FakeModel::FakeModel;
  std::vector<std::vector<ScoreResult>> score_batches(
      std::span<const std::vector<ScoreRequest>> batches, const ScoreOptions& options,
      const GoOn& go_on) const override {
    groups.push_back(batches.size());
    return FakeModel::score_batches(batches, options, go_on);
  }
  mutable std::vector<std::size_t> groups;
};

TEST_CASE("batches go through a model together as its layers are read for so many tokens",
          "[journal]") {
  const AuditFixture audit;
  const auto asked = [&](std::int64_t pass_tokens, std::vector<std::size_t>& groups) {
    const TemporaryFolder folder;
    Journal journal(folder.path());
    audit.plan(journal, subjects(300));
    GroupingModel model({"prefix of 3 secret 3"});
    model.set_pass_tokens(pass_tokens);
    REQUIRE(audit.ask(journal, model));
    REQUIRE(journal.open_batches(Pass::first).empty());
    groups = model.groups;
    return findings_text(audit.judge(journal));
  };
  std::vector<std::size_t> alone, together, all;
  const std::string expected = asked(0, alone);
  CHECK(asked(3 * 256, together) == expected);
  CHECK(asked(1 << 20, all) == expected);
  REQUIRE(alone.size() > 6);
  CHECK(alone == std::vector<std::size_t>(alone.size(), 1));
  CHECK(together.front() == 3);
  CHECK(together.size() <= alone.size() / 3 + 1);
  CHECK(all == std::vector<std::size_t>{alone.size()});
}

TEST_CASE("a journal belongs to one run at a time", "[journal]") {
  const TemporaryFolder folder;
  const Journal first(folder.path());
  CHECK(kind_of([&] { const Journal second(folder.path()); }) == ErrorKind::usage);
}

TEST_CASE("a journal refuses another audit and names what differs", "[journal]") {
  const TemporaryFolder folder;
  Journal journal(folder.path());
  journal.identify({{"model", "aa"}, {"dtype", "float32"}});
  CHECK_NOTHROW(journal.identify({{"dtype", "float32"}, {"model", "aa"}}));
  try {
    journal.identify({{"model", "aa"}, {"dtype", "bfloat16"}});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(std::string(error.what()).find("dtype: recorded \"float32\", given \"bfloat16\"") !=
          std::string::npos);
  }
}

TEST_CASE("a damaged journal is an integrity error", "[journal]") {
  const AuditFixture audit;
  const FakeModel model;
  const TemporaryFolder folder;
  {
    Journal journal(folder.path());
    audit.plan(journal, subjects(60));
    audit.ask(journal, model);
  }
  const std::string path = folder.path() + "/journal.sqlite";
  SECTION("not a database any more") {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
    CHECK(kind_of([&] { const Journal journal(folder.path()); }) == ErrorKind::integrity);
  }
  SECTION("cut short") {
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2 / 4096 * 4096);
    CHECK(kind_of([&] {
            const Journal journal(folder.path());
            audit.judge(journal);
          }) == ErrorKind::integrity);
  }
  SECTION("a bit of an answer flipped") {
    {
      const Journal journal(folder.path());
      journal.database().run(
          "UPDATE observation SET body = zeroblob(length(body)) WHERE request = 5");
    }
    const Journal journal(folder.path());
    CHECK(kind_of([&] { audit.judge(journal); }) == ErrorKind::integrity);
  }
}

TEST_CASE("a plan that fails leaves nothing behind", "[journal]") {
  const AuditFixture audit;
  const TemporaryFolder folder;
  Journal journal(folder.path());
  const std::string row = "{\"id\":\"a\",\"secret\":\"x\",\"prefix\":\"y\"}\n";
  CHECK(kind_of([&] { audit.plan(journal, row + row); }) == ErrorKind::input);
  CHECK_FALSE(journal.planned());
  CHECK(kind_of([&] {
          audit.plan(journal, "{\"id\":\"a\",\"secret\":\"x\",\"twin_of\":\"nobody\"}\n");
        }) == ErrorKind::input);
  CHECK_FALSE(journal.planned());
  audit.plan(journal, row);
  CHECK(journal.totals().strings == 1);
}

TEST_CASE("strata that would share an id are refused, since findings could not be told apart",
          "[journal]") {
  const AuditFixture audit;
  const auto plan = [&](const std::string& one, const std::string& other) {
    const TemporaryFolder folder;
    Journal journal(folder.path());
    audit.plan(journal,
               "{\"id\":\"a\",\"prefix\":\"p\",\"secret\":\"x\",\"strata\":{\"s\":" + one +
                   "}}\n{\"id\":\"b\",\"prefix\":\"q\",\"secret\":\"y\",\"strata\":{\"s\":" +
                   other + "}}\n");
  };
  const auto [one, other] = GENERATE(table<std::string, std::string>(
      {{"true", "\"true\""}, {"\"false\"", "false"}, {"5", "\"5\""}, {"\"2.5\"", "2.5"}}));
  CAPTURE(one, other);
  CHECK(kind_of([&, a = one, b = other] { plan(a, b); }) == ErrorKind::input);
  CHECK_NOTHROW(plan(one, one));
  CHECK_NOTHROW(plan(other, "\"web\""));
  CHECK_NOTHROW(plan("1", "true"));
}

TEST_CASE("batches are a pure function of the strings and the budget", "[journal]") {
  const AuditFixture audit;
  const auto cut = [&](const std::string& rows) {
    const TemporaryFolder folder;
    Journal journal(folder.path());
    audit.plan(journal, rows, 100);
    std::vector<std::string> batches;
    for (const std::int64_t ordinal : journal.open_batches(Pass::first)) {
      std::int64_t tokens = 0;
      std::string digests;
      const auto requests = journal.batch(Pass::first, ordinal);
      for (const JournalRequest& request : requests) {
        tokens += static_cast<std::int64_t>(request.request.prefix_ids.size() +
                                            request.request.ids.size());
        digests += request_digest(request.request, audit.options());
      }
      CHECK((tokens <= 100 || requests.size() == 1));
      batches.push_back(digests);
    }
    return batches;
  };
  std::string reversed;
  for (int i = 39; i >= 0; --i) {
    const std::string all = subjects(40);
    std::size_t begin = 0;
    for (int skip = 0; skip < i; ++skip) {
      begin = all.find('\n', begin) + 1;
    }
    reversed += all.substr(begin, all.find('\n', begin) + 1 - begin);
  }
  CHECK(cut(subjects(40)) == cut(reversed));
}

TEST_CASE("identical pairs count once, and what is left out is counted", "[journal]") {
  const AuditFixture audit;
  const TemporaryFolder folder;
  Journal journal(folder.path());
  audit.plan(journal,
             "{\"id\":\"a\",\"prefix\":\"p\",\"secret\":\"x\"}\n"
             "{\"id\":\"b\",\"prefix\":\"p\",\"secret\":\"x\"}\n"
             "{\"id\":\"c\",\"prefix\":\"p\",\"secret\":\"x\",\"member\":\"no\"}\n"
             "{\"id\":\"d\",\"text\":\"short\"}\n"
             "{\"id\":\"e\",\"text\":\"a text of two windows, just about\"}\n");
  const JournalTotals totals = journal.totals();
  CHECK(totals.strings == 5);
  CHECK(totals.duplicates == 1);
  CHECK(totals.requests == 3);
  const auto left_out = journal.left_out();
  REQUIRE(left_out.size() == 2);
  CHECK(left_out[0].reason == "control_equals_measured");
  CHECK(left_out[0].count == 1);
  CHECK(left_out[1].reason == "text_shorter_than_a_window");
  CHECK(left_out[1].count == 1);
}
