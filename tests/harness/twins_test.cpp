#include "harness/twins.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/error.h"
#include "harness/identifiers/identifier.h"

using namespace souvenir;

namespace {

Subject subject(const std::string& row) { return parse_subject(row, "test"); }

const std::string kPhone =
    R"({"id":"a","person":"p","kind":"phone","prefix":"Call ","secret":"06 12 34 56 78",)"
    R"("member":"yes","repetitions":3,"strata":{"language":"fr","minor":true}})";

}  // namespace

TEST_CASE("a twin has its subject's prompt and strata, and another valid value", "[twins]") {
  const Subject original = subject(kPhone);
  TwinMaker maker;
  maker.learn(original);
  const auto twins = maker.make(original, 25, 7, "test");
  REQUIRE(twins.size() == 25);
  std::set<std::string> values, ids;
  for (const Subject& twin : twins) {
    // A twin must come back through the reader of subjects as what it is.
    const Subject read = subject(subject_row(twin));
    CHECK(read.twin_of == "a");
    CHECK(read.member == Member::no);
    CHECK(read.prefix == original.prefix);
    CHECK(read.kind == "phone");
    CHECK(read.strata == original.strata);
    CHECK_FALSE(read.repetitions);
    CHECK(read.person == original.person);
    CHECK(canonical_phone(read.secret.reveal()));
    values.insert(std::string(read.secret.reveal()));
    ids.insert(read.id);
  }
  CHECK(values.size() == 25);
  CHECK(ids.size() == 25);
}

TEST_CASE("twins depend on the seed and their subject, not on the rest of the file", "[twins]") {
  const TwinMaker maker;
  const auto at = [&](const std::string& id, std::uint64_t seed) {
    Subject row = subject(kPhone);
    row.id = id;
    return std::string(maker.make(row, 1, seed, "test")[0].secret.reveal());
  };
  CHECK(at("a", 1) == at("a", 1));
  CHECK(at("a", 1) != at("a", 2));
  CHECK(at("a", 1) != at("b", 1));
}

TEST_CASE("no twin is a real value of the file, however it is written", "[twins]") {
  // One of 100 numbers is real; 60 twins of 100 would hit it with probability 0.6.
  const Subject original =
      subject(R"({"id":"a","kind":"phone","secret":"+1 212 736 5000","member":"yes"})");
  TwinMaker maker;
  for (int i = 0; i < 40; ++i) {
    Subject real = original;
    real.secret = Sensitive("+1 (212) 555-01" + std::to_string(i / 10) + std::to_string(i % 10));
    maker.learn(real);
  }
  for (const Subject& twin : maker.make(original, 40, 1, "test")) {
    const std::string value = *canonical_phone(twin.secret.reveal());
    CHECK(value >= "+12125550140");
  }
}

TEST_CASE("a narrow or unknown block is refused, and the value is not quoted", "[twins]") {
  const TwinMaker maker;
  const Subject narrow =
      subject(R"({"id":"a","kind":"phone","secret":"+1 212 736 5000","member":"yes"})");
  CHECK_THROWS_WITH(maker.make(narrow, 101, 1, "row 7"),
                    Catch::Contains("row 7") && !Catch::Contains("736"));
  const Subject unknown =
      subject(R"({"id":"a","kind":"phone","secret":"+49 30 901820","member":"yes"})");
  CHECK_THROWS_AS(maker.make(unknown, 1, 1, "row 7"), Error);
}

TEST_CASE("a value that is not valid has twins of its shape that are not valid either", "[twins]") {
  const Subject local = subject(R"({"id":"a","kind":"phone","secret":"555-0147","member":"yes"})");
  TwinMaker maker;
  maker.learn(local);
  for (const Subject& twin : maker.make(local, 20, 1, "row 7")) {
    const std::string value(twin.secret.reveal());
    CHECK(value.size() == 8);
    CHECK(value[3] == '-');
    CHECK(value != "555-0147");
    CHECK_FALSE(canonical_phone(value));
  }
}

TEST_CASE("twins, positive controls and whole texts have no twins", "[twins]") {
  CHECK(wants_twins(subject(kPhone)));
  CHECK(wants_twins(subject(R"({"id":"a","secret":"x1"})")));
  CHECK(wants_twins(subject(R"({"id":"a","secret":"x1","member":"no"})")));
  CHECK_FALSE(wants_twins(subject(R"({"id":"a","secret":"x1","twin_of":"b"})")));
  CHECK_FALSE(wants_twins(subject(R"({"id":"a","secret":"x1","role":"positive_control"})")));
  CHECK_FALSE(wants_twins(subject(R"({"id":"a","text":"x1"})")));
}
