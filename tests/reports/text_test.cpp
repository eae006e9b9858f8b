#include "reports/text.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

#include "harness/error.h"
#include "metrics/reason.h"
#include "reports/report.h"
#include "tests/support/sample_evidence.h"

namespace souvenir {
namespace {

const Words kEnglish(Language::en);
const Words kFrench(Language::fr);

std::set<std::string> placeholders(const std::string& text) {
  const std::regex form("\\{[a-z0-9_]*\\}");
  return {std::sregex_token_iterator(text.begin(), text.end(), form), {}};
}

TEST_CASE("every text is there in both languages, with the same placeholders", "[text]") {
  REQUIRE(text_codes().size() > 300);
  for (const std::string& code : text_codes()) {
    CAPTURE(code);
    CHECK_FALSE(kEnglish.plain(code).empty());
    CHECK_FALSE(kFrench.plain(code).empty());
    CHECK(placeholders(kEnglish.plain(code)) == placeholders(kFrench.plain(code)));
  }
}

TEST_CASE("French texts are typeset as French", "[text]") {
  for (const std::string& code : text_codes()) {
    const std::string& text = kFrench.plain(code);
    CAPTURE(code, text);
    // Never an ordinary space, nor none, before what stands apart in French.
    CHECK_FALSE(std::regex_search(text, std::regex("[ a-z][;!?%](?!\\})| :|« | »|'")));
  }
}

TEST_CASE("every text that a template asks for exists", "[text]") {
  std::set<std::string> codes;
  for (std::string code : text_codes()) {
    std::replace(code.begin(), code.end(), '.', '_');
    codes.insert("t_" + code);
  }
  int asked = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(SOUVENIR_SOURCE_DIR "/reports/templates")) {
    std::ifstream in(file.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::regex form("\\{\\{[#^/]?(t_[a-z_0-9]+)\\}\\}");
    for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at) {
      CAPTURE(file.path().filename(), (*at)[1].str());
      CHECK(codes.count((*at)[1]) == 1);
      ++asked;
    }
  }
  CHECK(asked > 100);
}

TEST_CASE("every reason why there is no number can be said in both languages", "[text]") {
  std::set<std::string> codes;
  for (const Reason& reason : kReasons) {
    const std::string code = "reason." + std::string(reason.code);
    CAPTURE(code);
    CHECK(codes.insert(code).second);
    REQUIRE(kEnglish.has(code));
    // The page's English is the evidence's, with names in its holes.
    std::string text(reason.text);
    for (const std::string name : {"{a}", "{b}"}) {
      if (const auto hole = text.find("{}"); hole != std::string::npos) text.replace(hole, 2, name);
    }
    CHECK(kEnglish.plain(code) == text);
    CHECK(kFrench.plain(code) != text);
  }
  for (const std::string& code : text_codes()) {
    if (code.rfind("reason.", 0) != 0) continue;
    CAPTURE(code);
    CHECK(codes.count(code) == 1);
  }
}

TEST_CASE("every remark that a probe or an audit makes can be said in French", "[text]") {
  std::vector<std::filesystem::path> files = {SOUVENIR_SOURCE_DIR "/harness/cli/audit_evidence.cpp",
                                              SOUVENIR_SOURCE_DIR "/harness/evidence/json.cpp"};
  for (const auto& file : std::filesystem::directory_iterator(SOUVENIR_SOURCE_DIR "/probes")) {
    if (file.path().extension() == ".cpp") files.push_back(file.path());
  }
  int remarks = 0;
  for (const auto& file : files) {
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    // A code and then a sentence: what holds a space, or is put together.
    const std::regex form(
        "(fail\\()?\"([a-z0-9_]+)\",\\s*"
        "(because\\(|std::to_string\\(|number\\(|\"[^\"\\n]* [^\"\\n]*\")");
    for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at) {
      if ((*at)[1].matched) continue;  // a fault in a suite, which stops the audit
      CAPTURE(file.filename(), (*at)[2].str());
      CHECK(kFrench.has("remark." + (*at)[2].str()));
      ++remarks;
    }
  }
  CHECK(remarks > 40);
}

TEST_CASE("numbers are written the way of the language", "[text]") {
  const auto [value, en, fr] = GENERATE(table<double, std::string, std::string>({
      {0, "0", "0"},
      {7, "7", "7"},
      {1234, "1,234", "1\u202f234"},
      {-1234567, "\u22121,234,567", "\u22121\u202f234\u202f567"},
      {0.5, "0.5", "0,5"},
      {12.345, "12.3", "12,3"},
      {1234.56, "1,235", "1\u202f235"},
      {0.00001234, "1.2\u00a0\u00d7\u00a010\u207b\u2075", "1,2\u00a0\u00d7\u00a010\u207b\u2075"},
      {9.97e20, "1.0\u00a0\u00d7\u00a010\u00b2\u00b9", "1,0\u00a0\u00d7\u00a010\u00b2\u00b9"},
  }));
  CHECK(kEnglish.plain_number(value) == en);
  CHECK(kFrench.plain_number(value) == fr);
}

TEST_CASE("rates are written in per cent and never rounded to all or nothing", "[text]") {
  const auto [rate, en] = GENERATE(table<double, std::string>({
      {0.0, "0%"},
      {1.0, "100%"},
      {0.5, "50.0%"},
      {0.0359375, "3.6%"},
      {0.0025, "0.25%"},
      {0.000301, "0.030%"},
      {0.99996, "99.9%"},
      {1e-9, "1.0\u00a0\u00d7\u00a010\u207b\u2077%"},
      {-0.01254, "\u22121.3%"},
  }));
  CAPTURE(rate);
  CHECK(kEnglish.plain_percent(rate) == en);
}

TEST_CASE("a logarithm is written as a power of ten", "[text]") {
  CHECK(kEnglish.power_of_ten(-412.25).markup ==
        "<data value=\"5.6e-413\">5.6\u00a0\u00d7\u00a010\u207b\u2074\u00b9\u00b3</data>");
  CHECK(kFrench.power_of_ten(400).markup ==
        "<data value=\"1.0e400\">1,0\u00a0\u00d7\u00a010\u2074\u2070\u2070</data>");
}

TEST_CASE("what cannot be seen is shown, and markup is text", "[text]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;"},
      {"\x1b[0m\n\x7f", "\\u{001B}[0m\\u{000A}\\u{007F}"},
      {"\u202e\u2066\u200f\ufeff\u00ad", "\\u{202E}\\u{2066}\\u{200F}\\u{FEFF}\\u{00AD}"},
      {"\xff\xc3", "\\x{FF}\\x{C3}"},
      {"\xed\xa0\x80", "\\x{ED}\\x{A0}\\x{80}"},
      {"\U000e0041", "\\u{E0041}"},
      {"é\u202f\u00a0日本\U0001f600", "é\u202f\u00a0日本\U0001f600"},
  }));
  CHECK(escaped(text).markup == expected);
  CHECK(isolated(text).markup == "<bdi>" + expected + "</bdi>");
}

TEST_CASE("a sentence with a hole is an error of ours", "[text]") {
  CHECK(kEnglish.fill("results.of", {{"count", {"1"}}, {"n", {"<i>2</i>"}}}).markup ==
        "1 of <i>2</i>");
  CHECK_THROWS_AS(kEnglish.fill("results.of", {{"count", {"1"}}}), Error);
  CHECK_THROWS_AS(kEnglish.say("no.such.code"), Error);
}

TEST_CASE("every format of the table renders the sample, and an unknown one is named", "[report]") {
  const Evidence e = tests::sample_evidence();
  for (const ReportFormat& format : report_formats()) {
    CAPTURE(format.name);
    if (format.name == "junit") {
      CHECK_THROWS_AS(render_report(format.name, e, {}), Error);
    } else {
      CHECK_FALSE(render_report(format.name, e, {}).empty());
    }
  }
  try {
    render_report("pdf", e, {});
    FAIL("expected an error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_THAT(error.what(), Catch::Contains("json, html, junit") && Catch::Contains("pdf"));
  }
}

}  // namespace
}  // namespace souvenir
