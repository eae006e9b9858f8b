// What an audit asks besides one pass over every string: candidates, prompts, a reference model,
// the lower-cased secret.

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>

#include "harness/error.h"
#include "harness/journal_candidates.h"
#include "harness/lower_case.h"
#include "tests/support/audit_fixture.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

CanarySpace digits(int count) {
  const std::string pattern = "{digits:" + std::to_string(count) + "}";
  return CanarySpace("pin", parse_pattern(pattern, "test"), "test");
}

Subject canary(const std::string& id, const std::string& prefix, const std::string& secret,
               bool planted) {
  Subject subject;
  subject.id = id;
  subject.kind = "pin";
  subject.member = planted ? Member::yes : Member::no;
  if (planted) subject.repetitions = 4;
  subject.prefix = Sensitive(prefix);
  subject.secret = Sensitive(secret);
  subject.canary = CanaryRole{.space = "pin", .tier = 4, .planted = planted};
  return subject;
}

// An audit of byte tokens: plans, asks everything, and hands out the strings by id.
class Questions {
 public:
  AuditQuestions questions;

  void plan(Journal& journal, const std::string& rows = "") {
    if (!rows.empty()) questions.files = {folder_.write("subjects.jsonl", rows)};
    plan_audit(journal, questions, tokenizer_, bos(), AuditFixture().suite(), 256);
  }

  bool rank(Journal& journal, const FakeModel& model, std::int64_t batches = 1 << 20) const {
    std::vector<Sensitive> planted;
    for (const Subject& subject : questions.canaries) planted.push_back(subject.secret);
    return run_candidates(journal, model,
                          {questions.spaces, planted, tokenizer_, decision_, 7, 256},
                          [&](const RunProgress&) { return batches-- > 0; });
  }

  void ask(Journal& journal, const FakeModel& model) const {
    const auto go_on = [](const RunProgress&) { return true; };
    run_pass(journal, model, Pass::first, questions.needs.score, {1e-3}, go_on);
    run_prompts(journal, model, tokenizer_, questions.needs.prompts, go_on);
  }

  static std::map<std::string, JudgedString> strings(const Journal& journal) {
    std::map<std::string, JudgedString> all;
    const auto cursor = journal.strings(true);
    for (JudgedString string; cursor->next(string);) all[string.subject] = string;
    return all;
  }

 private:
  BosDecision bos() { return decision_ = decide_bos(tokenizer_, BosRule::automatic); }

  TemporaryFolder folder_;
  ByteTokenizer tokenizer_;
  BosDecision decision_;
};

}  // namespace

TEST_CASE("a canary is ranked among every secret of its space, ties counting half",
          "[candidates]") {
  Questions audit;
  audit.questions.spaces = {digits(2)};
  audit.questions.needs.candidates = CandidateNeeds{100, 10};
  audit.questions.canaries = {canary("known", "the pin of bob is ", "42", true),
                              canary("other", "the pin of bob is ", "17", false),
                              canary("far", "the pin of eve is ", "17", false)};
  const FakeModel model({"the pin of bob is 42"});
  const TemporaryFolder folder;
  Journal journal(folder.path());
  audit.plan(journal);
  CHECK(CandidateJournal(journal.database()).candidates() == 200);  // two prefixes, not three
  audit.ask(journal, model);
  audit.rank(journal, model);
  const auto strings = Questions::strings(journal);
  const CandidateRank known = strings.at("known").rank.value();
  CHECK(known.exact);
  CHECK(known.space == 100);
  CHECK(known.candidates == 99);
  CHECK(known.rank == 1.0);
  // 42 and the nine that begin with 4 are likelier; the 89 others are as likely.
  CHECK(strings.at("other").rank->rank == 1 + 10 + 89 / 2.0);
  CHECK(strings.at("far").rank->rank == 1 + 99 / 2.0);
  CHECK(strings.at("known").canary->planted);
  CHECK(strings.at("known").repetitions == 4);
  CHECK_FALSE(strings.at("other").repetitions.has_value());
}

TEST_CASE("a space too large to ask whole is sampled, without what was planted", "[candidates]") {
  Questions audit;
  audit.questions.spaces = {digits(2)};
  audit.questions.needs.candidates = CandidateNeeds{99, 60};
  for (int i = 0; i < 30; ++i) {
    audit.questions.canaries.push_back(
        canary("c" + std::to_string(i), "the pin of bob is ", std::to_string(10 + i), true));
  }
  const FakeModel model({"the pin of bob is 12"});
  const TemporaryFolder folder;
  Journal journal(folder.path());
  audit.plan(journal);
  audit.ask(journal, model);
  audit.rank(journal, model);
  const CandidateRank rank = Questions::strings(journal).at("c2").rank.value();
  CHECK_FALSE(rank.exact);
  CHECK(rank.sample.size() == 60);
  CHECK(rank.candidates == 60);  // of the 70 that are left: had one been planted, it would be 12
  CHECK(rank.rank == 1.0);
}

TEST_CASE("ranking that is stopped goes on with the same candidates", "[candidates]") {
  const auto rank = [&](bool stopped) {
    Questions audit;
    audit.questions.spaces = {digits(5)};
    audit.questions.needs.candidates = CandidateNeeds{10, 10500};
    audit.questions.canaries = {canary("c", "the pin of bob is ", "55555", true)};
    const FakeModel model({"the pin of bob is 5", "pin of bob is 55"});
    const TemporaryFolder folder;
    {
      Journal journal(folder.path());
      audit.plan(journal);
      audit.ask(journal, model);
      if (stopped) CHECK_FALSE(audit.rank(journal, model, 1));
    }
    Journal journal(folder.path());
    CHECK(audit.rank(journal, model));
    return Questions::strings(journal).at("c").rank->rank;
  };
  CHECK(rank(true) == rank(false));
}

TEST_CASE("a space too large to ask whole is searched where a suite says so, and once",
          "[candidates]") {
  Questions audit;
  audit.questions.spaces = {digits(6)};
  audit.questions.needs.candidates = CandidateNeeds{10, 60, 100000};
  audit.questions.canaries = {canary("known", "the pin of bob is ", "424242", true),
                              canary("other", "the pin of bob is ", "424217", true),
                              canary("far", "the pin of eve is ", "171717", false)};
  const FakeModel model({"the pin of bob is 424242"});
  const TemporaryFolder folder;
  {
    Journal journal(folder.path());
    audit.plan(journal);
    audit.ask(journal, model);
    CHECK_FALSE(audit.rank(journal, model, 1));
    CHECK(Questions::strings(journal).at("other").searched.has_value());
    CHECK_FALSE(Questions::strings(journal).at("known").searched.has_value());
  }
  Journal journal(folder.path());
  CHECK(audit.rank(journal, model));
  const auto strings = Questions::strings(journal);
  const SearchedRank known = strings.at("known").searched.value();
  CHECK(known.complete);
  CHECK(known.likelier == 0);
  CHECK(known.equal == 0);
  CHECK(known.log2_space == Approx(std::log2(1e6)));
  CHECK(strings.at("known").rank->sample.size() == 60);
  // The model knows 4 2 4 2, then 42; what leaves the way is as likely wherever it does so last.
  const SearchedRank other = strings.at("other").searched.value();
  CHECK(other.complete);
  CHECK(other.likelier == 1 + 9);  // 424242, and 42424 with another last digit
  CHECK(other.equal == 89);        // 4242 and two other digits
  const std::int64_t asked = model.asked;
  CHECK(audit.rank(journal, model));
  CHECK(model.asked == asked);
}

TEST_CASE("prompts are asked for the kinds they are for, equal ones once", "[prompts]") {
  Questions audit;
  audit.questions.needs.prompts = {
      {.name = "prefix", .kinds = {"email"}, .generate = {.max_new_tokens = 5}},
      {.name = "template",
       .text = "Mail of {name}: ",
       .kinds = {"email"},
       .generate = {.max_new_tokens = 5, .samples = 2}},
      {.name = "chat", .text = "{prefix}", .chat = true, .kinds = {"email"}}};
  const std::string rows =
      R"({"id":"n","person":"p","kind":"name","prefix":"Dear ","secret":"Ada Bell"})"
      "\n"
      R"({"id":"e","person":"p","kind":"email","prefix":"write to: ","secret":"a@b.example"})"
      "\n"
      R"({"id":"t","twin_of":"e","kind":"email","prefix":"write to: ","secret":"x@y.example"})"
      "\n"
      R"({"id":"o","kind":"email","prefix":"reply to: ","secret":"q@r.example"})"
      "\n";
  const FakeModel model({"write to: a@b.example", "Mail of Ada Bell: a@b.example"});
  const TemporaryFolder folder;
  Journal journal(folder.path());
  audit.plan(journal, rows);
  audit.ask(journal, model);
  CHECK(PromptJournal(journal.database()).prompts() == 3);  // two prefixes, one template
  const auto strings = Questions::strings(journal);
  const auto& mail = strings.at("e").generated;
  REQUIRE(mail.size() == 3);
  CHECK(mail[0].prompt == "prefix");
  CHECK(mail[0].text.reveal() == "a@b.e");
  CHECK(mail[1].before.reveal() == "Mail of Ada Bell: ");
  CHECK(mail[2].sample == 1);
  CHECK(strings.at("t").generated.size() == 3);  // a twin is asked about the same person
  CHECK(strings.at("n").generated.empty());
  std::map<std::string, std::int64_t> left;
  for (const LeftOut& row : journal.left_out()) left[row.reason] = row.count;
  CHECK(left.at("prompt_without_a_name") == 1);
  CHECK(left.at("no_chat_template") == 3);
}

namespace {

// Bytes, but for a space, which makes one token with the byte behind it.
class JoiningTokenizer : public ByteTokenizer {
 public:
  Encoding encode(std::string_view text, bool add_special_tokens) const override {
    Encoding out = ByteTokenizer::encode("", add_special_tokens);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::size_t begin = i;
      const bool joined = text[i] == ' ' && i + 1 < text.size();
      if (joined) ++i;
      out.ids.push_back((joined ? 1000 : 0) + static_cast<unsigned char>(text[i]));
      out.offsets.push_back({begin, i + 1});
      out.ends.push_back(i + 1);
    }
    return out;
  }
};

}  // namespace

TEST_CASE("a prompt ends where its string was cut, or before spaces that join what follows",
          "[prompts]") {
  const TemporaryFolder folder;
  const JoiningTokenizer tokenizer;
  const std::string file = folder.write(
      "subjects.jsonl", R"({"id":"joins","kind":"email","prefix":"to: ","secret":"a@b.example"})"
                        "\n"
                        R"({"id":"apart","kind":"email","prefix":"to:","secret":" c@d.example"})"
                        "\n");
  AuditQuestions questions{.files = {file}};
  questions.needs.prompts = {{.name = "prefix"}};
  Journal journal(folder.path());
  plan_audit(journal, questions, tokenizer, decide_bos(tokenizer, BosRule::automatic),
             AuditFixture().suite(), 256);
  // A lone space behind the colon would stand where the model has only seen one joined to a word.
  const auto prompts = PromptJournal(journal.database()).batch(0);
  REQUIRE(prompts.size() == 1);
  CHECK(prompts[0].request.prefix_ids == std::vector<TokenId>{'t', 'o', ':'});
}

TEST_CASE("an HMAC of a kind that no text shows, or without its key, is not counted as not found",
          "[prompts]") {
  Questions audit;
  audit.questions.needs.prompts = {{.name = "prefix", .generate = {.max_new_tokens = 4}}};
  const std::string row = R"({"id":"h","kind":"name","prefix":"I am ","secret_hmac":")" +
                          std::string(64, 'a') + "\"}\n";
  const TemporaryFolder folder;
  Journal journal(folder.path());
  audit.plan(journal, row + R"({"id":"s","prefix":"the ","secret":"rest"})" + "\n");
  CHECK(Questions::strings(journal).count("h") == 0);
  REQUIRE_FALSE(journal.left_out().empty());
  CHECK(journal.left_out()[0].reason == "hmac_of_a_kind_without_form");

  const std::string file = folder.write("hmac.jsonl", row);
  CHECK(digest_subjects(file, "key", true).rows == 1);
  CHECK_THROWS_WITH(digest_subjects(file, "key", false), Catch::Contains("--hmac-key"));
}

TEST_CASE("a subject known by its HMAC is looked for and not scored", "[prompts]") {
  Questions audit;
  audit.questions.needs.prompts = {{.name = "prefix", .generate = {.max_new_tokens = 4}}};
  const TemporaryFolder folder;
  Journal journal(folder.path());
  audit.plan(journal, R"({"id":"h","kind":"email","prefix":"write to: ","secret_hmac":")" +
                          std::string(64, 'a') + "\"}\n" +
                          R"({"id":"s","prefix":"the ","secret":"rest"})"
                          "\n");
  audit.ask(journal, FakeModel({"write to: abcd"}));
  const auto strings = Questions::strings(journal);
  CHECK(strings.at("h").hmac == std::string(64, 'a'));
  CHECK(strings.at("h").observation.log_probs.empty());
  // Not scored, so not cut: the model writes the space at the prompt's end itself.
  CHECK(strings.at("h").generated.at(0).text.reveal() == " abc");
  CHECK(journal.totals().requests == 1);
  const auto scored = journal.strings();
  std::set<std::string> ids;
  for (JudgedString string; scored->next(string);) ids.insert(string.subject);
  CHECK(ids == std::set<std::string>{"s"});
}

TEST_CASE("the reference model and the lower-cased secret are asked when wanted", "[reference]") {
  Questions audit;
  audit.questions.needs.lowercase = true;
  const TemporaryFolder folder;
  Journal journal(folder.path());
  audit.plan(journal, R"({"id":"s","prefix":"the name is ","secret":"\u00c9VE","member":"yes"})"
                      "\n"
                      R"({"id":"unknown","prefix":"the name is ","secret":"Adam"})"
                      "\n");
  const FakeModel model({"the name is \xC3\x89VE"});
  audit.ask(journal, model);
  CHECK_FALSE(Questions::strings(journal).at("s").reference.has_value());
  journal.plan_pass(Pass::reference, 256);
  run_pass(journal, FakeModel(), Pass::reference, {}, {}, [](const RunProgress&) { return true; });
  const JudgedString string = Questions::strings(journal).at("s");
  const auto sum = [](const ScoreObservation& observation) {
    return std::accumulate(observation.log_probs.begin(), observation.log_probs.end(), 0.0);
  };
  CHECK(sum(string.observation) > -1e-3);
  CHECK(sum(*string.reference) == Approx(-4 * std::log(258.0)));
  CHECK(sum(*string.lowercase) < -20.0);
  CHECK_FALSE(Questions::strings(journal).at("unknown").lowercase);
}

TEST_CASE("lower case is by code point, and bytes that are no text stay", "[lowercase]") {
  CHECK(lower_case("ABC \xC3\x89t\xC3\x89 \xCE\xA9") == "abc \xC3\xA9t\xC3\xA9 \xCF\x89");
  CHECK(lower_case("A\xFF\xC3") == "a\xFF\xC3");
  CHECK(lower_case("").empty());
}
