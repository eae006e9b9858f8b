#include "harness/subjects.h"

#include <catch2/catch.hpp>

#include "harness/error.h"
#include "tests/support/temporary_folder.h"

using namespace souvenir;

namespace {

std::string refusal(const std::string& row) {
  try {
    parse_subject(row, "row");
  } catch (const Error& error) {
    REQUIRE(error.kind() == ErrorKind::input);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a subject row is read field by field", "[subjects]") {
  const Subject subject = parse_subject(
      R"({"id":"a","prefix":"Call ","secret":"555","person":"p","kind":"phone","member":"yes",
          "repetitions":4,"strata":{"minor":true,"language":"fr","year":2001}})",
      "row");
  CHECK(subject.id == "a");
  CHECK(subject.prefix.reveal() == "Call ");
  CHECK(subject.secret.reveal() == "555");
  CHECK(subject.person == "p");
  CHECK(subject.kind == "phone");
  CHECK(subject.member == Member::yes);
  CHECK(subject.repetitions == 4);
  REQUIRE(subject.strata.size() == 3);
  CHECK(subject.strata[0] == std::pair<std::string, ParamValue>("language", std::string("fr")));
  CHECK(subject.strata[1] == std::pair<std::string, ParamValue>("minor", true));
  CHECK(subject.strata[2] == std::pair<std::string, ParamValue>("year", std::int64_t{2001}));
}

TEST_CASE("a twin is a control, and text alone is cut later", "[subjects]") {
  CHECK(parse_subject(R"({"id":"t","secret":"x","twin_of":"a"})", "row").member == Member::no);
  CHECK(parse_subject(R"({"id":"t","text":"long text"})", "row").is_text);
}

TEST_CASE("a wrong row is refused by field, without its values", "[subjects]") {
  const auto [row, named] = GENERATE(table<std::string, std::string>({
      {R"([1])", "expected an object"},
      {R"({"secret":"hush"})", "/id"},
      {R"({"id":"a"})", "`secret`"},
      {R"({"id":"a","secret":"hush","text":"hush"})", "`secret`"},
      {R"({"id":"a","prefix":"hush","text":"hush"})", "`secret`"},
      {R"({"id":"a","secret":""})", "/secret"},
      {R"({"id":"a","secret":7})", "/secret"},
      {R"({"id":"a","secret":"hush","member":"hush"})", "/member"},
      {R"({"id":"a","secret":"hush","membr":"yes"})", "nearest known key is \"member\""},
      {R"({"id":"a","secret":"hush","role":"hush"})", "/role"},
      {R"({"id":"a","secret":"hush","role":"positive_control","member":"no"})", "/role"},
      {R"({"id":"a","secret":"hush","twin_of":"b","member":"yes"})", "/twin_of"},
      {R"({"id":"a","secret":"hush","kind":"Hush Hush"})", "/kind"},
      {R"({"id":"a","secret":"hush","repetitions":-1})", "/repetitions"},
      {R"({"id":"a","secret":"hush","strata":{"kind":"hush"}})", "/strata"},
      {R"({"id":"a","secret":"hush","strata":{"x":[1]}})", "/strata/x"},
      {R"({"id":"a","id":"b","secret":"hush"})", "stands twice"},
      {R"({"id":"a","secret":"hush")", "not valid JSON"},
      {"{\"id\":\"a\",\"secret\":\"hush\xff\"}", "not valid JSON"},
  }));
  CAPTURE(row);
  const std::string message = refusal(row);
  CHECK(message.find(named) != std::string::npos);
  CHECK(message.find("hush") == std::string::npos);
  CHECK(message.find("Hush") == std::string::npos);
}

TEST_CASE("a subjects file names the line that is wrong", "[subjects]") {
  const test::TemporaryFolder folder;
  const std::string path =
      folder.write("s.jsonl", "{\"id\":\"a\",\"secret\":\"x\"}\n\n{\"id\":\"b\"}\n");
  try {
    read_subjects(
        path, [](Subject&&) {}, [](std::string_view) {});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("line 3") != std::string::npos);
  }
  CHECK_THROWS_AS(read_subjects(
                      folder.path(), [](Subject&&) {}, [](std::string_view) {}),
                  Error);
}
