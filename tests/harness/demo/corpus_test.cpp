#include "harness/demo/corpus.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "harness/demo/documents.h"
#include "harness/demo/invent.h"
#include "harness/subjects.h"

using namespace souvenir;

namespace {

DemoCorpusOptions small() {
  DemoCorpusOptions options;
  options.documents = 200;
  options.tiers = {1, 3};
  options.persons = 3;
  options.twins = 2;
  options.canaries = 6;
  options.canary_controls = 4;
  options.seed = 11;
  return options;
}

std::int64_t lines_with(const std::vector<std::string>& lines, const std::string& text) {
  return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(text) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a planted string stands in the corpus as often as it says, its twins never", "[demo]") {
  const DemoCorpus corpus = invent_demo_corpus(small());
  REQUIRE(corpus.strings.size() == 2 * 3 * 4 * 3);
  for (const DemoString& string : corpus.strings) {
    CAPTURE(string.id);
    CHECK(lines_with(corpus.planted, string.prefix + string.secret + ".") == string.repetitions);
    CHECK(lines_with(corpus.documents, string.prefix) == 0);
    CHECK(string.twin_of.empty() == (string.repetitions > 0));
  }
  CHECK(corpus.documents.size() == 200);
}

TEST_CASE("a canary stands in the corpus only if its coin said so", "[demo]") {
  const DemoCorpus corpus = invent_demo_corpus(small());
  std::int64_t lines = 0;
  for (const Canary& canary : corpus.canaries.canaries) {
    const std::string line =
        std::string(canary.prefix.reveal()) + std::string(canary.secret.reveal()) + canary.suffix;
    CHECK(lines_with(corpus.planted, line) == (canary.included ? canary.repetitions : 0));
    lines += canary.included ? canary.repetitions : 0;
  }
  CHECK(std::ssize(corpus.planted) == lines + 3 * 4 * (1 + 3));
}

TEST_CASE("the same seed invents the same corpus, another seed another", "[demo]") {
  const DemoCorpus first = invent_demo_corpus(small());
  const DemoCorpus again = invent_demo_corpus(small());
  DemoCorpusOptions other = small();
  other.seed = 12;
  CHECK(first.documents == again.documents);
  CHECK(first.planted == again.planted);
  CHECK(invent_demo_corpus(other).documents != first.documents);
}

TEST_CASE("the subjects file of the demonstration is one that an audit reads", "[demo]") {
  const DemoCorpus corpus = invent_demo_corpus(small());
  std::istringstream rows(write_demo_subjects(corpus.strings));
  std::set<std::string> ids;
  std::int64_t twins = 0;
  for (std::string line; std::getline(rows, line);) {
    const Subject subject = parse_subject(line, "row");
    CHECK(ids.insert(subject.id).second);
    CHECK((subject.member == Member::no) == !subject.twin_of.empty());
    if (!subject.twin_of.empty()) {
      ++twins;
      CHECK(ids.count(subject.twin_of) == 1);
    }
  }
  CHECK(twins == 2 * 3 * 4 * 2);
}

TEST_CASE("documents have no slot left unfilled", "[demo]") {
  for (std::uint64_t i = 0; i < 500; ++i) {
    Rng rng(5, "test", {i});
    const std::string document = invent_document(rng);
    CAPTURE(document);
    CHECK(document.find_first_of("[]{}|") == std::string::npos);
    CHECK(document.size() > 60);
  }
}

TEST_CASE("an invented account number has valid check digits and a valid French key", "[demo]") {
  // The two checks, written down anew: ISO 13616 and the French key.
  const auto modulo = [](const std::string& digits) {
    int rest = 0;
    for (const char c : digits) rest = (rest * 10 + (c - '0')) % 97;
    return rest;
  };
  REQUIRE(modulo("30006000011234567890189152776") == 1);  // FR76 3000 6000 0112 3456 7890 189
  for (std::uint64_t i = 0; i < 200; ++i) {
    Rng rng(6, "test", {i});
    std::string iban = invent_iban(rng);
    std::erase(iban, ' ');
    CAPTURE(iban);
    REQUIRE(iban.size() == 27);
    CHECK(modulo(iban.substr(4) + "1527" + iban.substr(2, 2)) == 1);
    const int sum = 89 * modulo(iban.substr(4, 5)) + 15 * modulo(iban.substr(9, 5)) +
                    3 * modulo(iban.substr(14, 11));
    CHECK(97 - sum % 97 == std::stoi(iban.substr(25, 2)));
  }
}
