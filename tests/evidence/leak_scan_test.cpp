#include "harness/leak_scan.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "harness/digest.h"
#include "harness/error.h"
#include "harness/evidence/criteria.h"
#include "harness/evidence/json.h"
#include "harness/leak_corpus.h"
#include "reports/report.h"
#include "tests/support/sample_audit.h"

namespace souvenir {
namespace {

// An invented person at a reserved domain, with what escapes and encodings change.
const std::string kSecret = "Élodie \"Zoé\" Vautrinel <zoe.vautrinel@example.org> & 00\n99";

std::string base64(std::string_view bytes, std::string_view last_two) {
  std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  digits += last_two;
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) {
      out += digits[(bits >> (held - 6)) & 63];
    }
  }
  return held > 0 ? out + digits[(bits << (6 - held)) & 63] : out;
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

std::string percent(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += "%" + upper(hex({&c, 1}));
  }
  return out;
}

std::string json_string(const std::string& text) { return canonical_json(nlohmann::json(text)); }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string html_escaped(std::string text) {
  text = replaced(text, "&", "&amp;");
  text = replaced(text, "<", "&lt;");
  text = replaced(text, ">", "&gt;");
  return replaced(text, "\"", "&#34;");
}

Needle needle(const std::string& text, std::vector<TokenId> ids = {}) {
  return {7, "secret", Sensitive(text), std::move(ids)};
}

LeakReport scan(const std::string& bytes, const std::vector<Needle>& needles,
                ArtefactFormat format = ArtefactFormat::json) {
  const std::vector<Artefact> artefacts = {{"artefact", format, bytes}};
  const std::vector<std::string_view> vocabulary = {program_text()};
  LeakScanner scanner(artefacts, vocabulary);
  scanner.search(needles);
  return scanner.report();
}

TEST_CASE("a secret is found in every form it could slip into JSON in", "[leak]") {
  const auto [name, planted, form] = GENERATE(table<std::string, std::string, std::string>({
      {"as it stands", kSecret, "text"},
      {"another case", "ÉLODIE \"ZOÉ\" VAUTRINEL <ZOE.VAUTRINEL@EXAMPLE.ORG> & 00\n99", "text"},
      {"other spaces", replaced(kSecret, " ", "\n\t\u00a0"), "text"},
      {"invisible characters", replaced(kSecret, "o", "\u200bo\u00ad"), "text"},
      {"escaped twice as JSON", json_string(kSecret), "text"},
      {"escaped three times", json_string(json_string(kSecret)), "text"},
      {"escaped as HTML", html_escaped(kSecret), "text"},
      {"percent-encoded", percent(kSecret), "text"},
      {"percent-encoded HTML", percent(html_escaped(kSecret)), "text"},
      {"base64", base64(kSecret, "+/"), "base64"},
      {"base64 for URLs", base64(kSecret, "-_"), "base64"},
      {"base64 one byte on", base64("x" + kSecret, "+/"), "base64"},
      {"base64 two bytes on", base64("xy" + kSecret + "z", "+/"), "base64"},
      {"base64 behind letters", "key/" + base64(kSecret, "+/"), "base64"},
      {"hexadecimal", hex(kSecret), "hexadecimal"},
      {"upper-case hexadecimal", upper(hex(kSecret)), "hexadecimal"},
      {"hexadecimal behind a digit", "a" + hex(kSecret), "hexadecimal"},
      {"SHA-256", hex(plain_digests(kSecret)[0]), "plain hash"},
      {"SHA-1", hex(plain_digests(kSecret)[1]), "plain hash"},
      {"MD5", upper(hex(plain_digests(kSecret)[2])), "plain hash"},
      {"SHA-256 as base64", base64(plain_digests(kSecret)[0], "+/"), "plain hash"},
      {"the start of a SHA-256", hex(plain_digests(kSecret)[0]).substr(0, 16), "plain hash"},
      {"a part of it", kSecret.substr(9, 40), "text"},
  }));
  CAPTURE(name);
  const bool as_key = GENERATE(false, true);
  const std::string around = json_string("before " + planted + " after");
  const std::string bytes =
      as_key ? "{\"n\":[1]," + around + ":1}" : "{\"n\":[1],\"k\":[" + around + "]}";
  const LeakReport report = scan(bytes, {needle("never there at all"), needle(kSecret)});
  REQUIRE(report.leaks.size() == 1);
  CHECK(report.leaks[0].form == form);
  CHECK(report.leaks[0].ordinal == 7);
  CHECK(report.leaks[0].partial == (name == "a part of it"));
  CHECK(report.leaks[0].offset >= bytes.find("before"));
  CHECK(report.leaks[0].offset <= bytes.find("after"));
}

TEST_CASE("token ids are found with anything between them", "[leak]") {
  const std::vector<TokenId> ids = {12, 34567, 0, 128001, 9};
  const auto [planted, found] = GENERATE(table<std::string, bool>({
      {R"({"k":"12, 34567, 0, 128001, 9"})", true},
      {R"({"k":"ids=[7 12 34567 0 128001 9 5]"})", true},
      {R"({"k":"12;34567;0;128001;9"})", true},
      {R"({"k":[12,34567,0,128001,9]})", true},
      {R"({"k":[3,12 , 34567,0,128001,9,4]})", true},
      {R"({"k":[12,34567,0,128001]})", false},
      {R"({"k":"12, 34567, 0, 128001, 19"})", false},
      {R"({"k":[12,34567,"0",128001,9]})", false},
  }));
  CAPTURE(planted);
  const LeakReport report = scan(planted, {needle("xyzzyx", ids)});
  CHECK((report.found == 1) == found);
  if (found) CHECK(report.leaks[0].form == "token ids");
}

TEST_CASE("eight token ids of a longer string are enough", "[leak]") {
  std::vector<TokenId> ids;
  for (TokenId i = 0; i < 50; ++i) ids.push_back(1000 + 37 * i);
  const auto list = [&](int begin, int count) {
    std::string out = "{\"k\":\"";
    for (int i = 0; i < count; ++i)
      out += std::to_string(ids[static_cast<std::size_t>(begin + i)]) + " ";
    return out + "\"}";
  };
  CHECK(scan(list(20, 8), {needle("xyzzyx", ids)}).leaks.at(0).partial);
  CHECK(scan(list(20, 7), {needle("xyzzyx", ids)}).found == 0);
}

TEST_CASE("a secret is found in the text, attributes and comments of HTML and XML", "[leak]") {
  const std::string escaped = html_escaped(kSecret);
  const std::string bytes = GENERATE_COPY(
      as<std::string>(), "<p>" + escaped + "</p>", "<p title=\"" + escaped + "\">x</p>",
      "<!-- " + kSecret + " -->", "<p>" + replaced(escaped, "Vau", "V<b>a</b>u") + "</p>",
      "<data value=\"1\">" + escaped + "</data>", "<data value=\"" + escaped + "\">1</data>",
      "<style>/* " + kSecret + " */</style>", "<p>" + base64(kSecret, "+/") + "</p>");
  CAPTURE(bytes);
  CHECK(scan(bytes, {needle(kSecret)}, ArtefactFormat::html).found == 1);
  CHECK(scan("<a b='" + replaced(escaped, "'", "&#39;") + "'/>", {needle(kSecret)},
             ArtefactFormat::xml)
            .found == 1);
}

TEST_CASE("typed numbers are not text", "[leak]") {
  const std::string json = R"({"count":482113,"n":[482113,5],"text":"482113 tokens were scored"})";
  CHECK(scan(json, {needle("482113")}).found == 0);
  CHECK(scan(R"({"text":"code 482113 was heard"})", {needle("482113")}).found == 1);
  CHECK(scan(R"({"text":"0.482113 or 1482113 or 482113.5"})", {needle("482113")}).found == 0);
  CHECK(
      scan("<data value='482113'>482113</data>", {needle("482113")}, ArtefactFormat::html).found ==
      0);
  CHECK(scan("<p>482113</p>", {needle("482113")}, ArtefactFormat::html).found == 1);
  CHECK(scan(R"({"at":"2026-11-24T05:58:00Z"})", {needle("2026-11-24")}).found == 0);
  CHECK(scan(R"({"born":"on 2026-11-24"})", {needle("2026-11-24")}).found == 1);
}

TEST_CASE("short needles count only as words, and the shortest not at all", "[leak]") {
  CHECK(scan(R"({"k":"from Orvl to x"})", {needle("Orvl")}).found == 1);
  CHECK(scan(R"({"k":"unOrvled"})", {needle("Orvl")}).found == 0);
  for (const std::string text : {"ab", "12345", "------", "  . ", ""}) {
    CAPTURE(text);
    const LeakReport report =
        scan(json_string("12345 ab ------ . " + std::string(text)), {needle(text)});
    CHECK(report.found == 0);
    CHECK(report.too_short == 1);
  }
  // Too short to be looked for as text, but a hash of it is still its hash.
  CHECK(scan(json_string(hex(plain_digests("4821")[0])), {needle("4821")}).found == 1);
}

TEST_CASE("digests of other things are not a place to find short numbers in", "[leak]") {
  const std::string digest = hex(plain_digests("a model file")[0]);
  CHECK(scan(json_string(digest), {needle(digest.substr(10, 8))}).found == 0);
  CHECK(scan(json_string(digest), {needle(digest.substr(10, 20))}).found == 1);
}

TEST_CASE("what the program says to everybody is no leak", "[leak]") {
  // Single words, a sentence and names the report is full of.
  const std::string text =
      GENERATE(as<std::string>(), "model", "strings", "inconclusive", "Discoverable_Extraction",
               "the rate is above that of the controls", "Clopper-Pearson", "probability");
  const std::string report = canonical_json(to_json(tests::sample_evidence()));
  CAPTURE(text);
  CHECK(scan(report, {needle(text)}).found == 0);
  // The same words with one more from a subject are.
  CHECK(scan(json_string(text + " Vautrinel"), {needle(text + " Vautrinel")}).found == 1);
}

// Every word a reader of the report finds in it, as if each were somebody's secret.
TEST_CASE("no word of the report itself stops a run", "[leak]") {
  Evidence e = tests::sample_audit();
  e.context.reset();
  e.demo->rows.resize(2);
  // What a user wrote is no word of the program's.
  e.suite_name = "release";
  e.threat_model = {{"attacker", "L2"}};
  e.run = {{"host_cpu", "Example Processor @ 2.20GHz"}};
  e.not_run.clear();
  std::erase_if(e.findings, [](const Finding& f) { return f.stratum.key == "source"; });
  e.criteria = criteria_outcomes(e.findings);
  e.findings[0].caveats.pop_back();
  const bool html = GENERATE(false, true);
  const std::string bytes = html ? render_report("html", e, {}) : render_report("json", e, {});
  const ArtefactFormat format = html ? ArtefactFormat::html : ArtefactFormat::json;
  std::set<std::string> words;
  for (const TracedText& text : artefact_text(format, bytes).texts) {
    const std::string& all = text.bytes();
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = std::min(all.size(), all.find_first_of(" \n\t,;:.()[]/=\x01", at));
      words.insert(all.substr(at, end - at));
      at = end + 1;
    }
  }
  REQUIRE(words.size() > 200);
  const std::vector<std::string> list(words.begin(), words.end());
  std::vector<Needle> needles;
  for (const std::string& word : list) {
    needles.push_back({static_cast<std::int64_t>(needles.size()), "secret", Sensitive(word), {}});
  }
  const std::vector<std::string> neutral = neutral_text(e);
  std::vector<std::string_view> vocabulary = {program_text()};
  vocabulary.insert(vocabulary.end(), neutral.begin(), neutral.end());
  const std::vector<Artefact> artefacts = {{"report", format, bytes}};
  LeakScanner scanner(artefacts, vocabulary);
  scanner.search(needles);
  for (const Leak& leak : scanner.report().leaks) {
    const std::string& word = list.at(static_cast<std::size_t>(leak.ordinal));
    CAPTURE(word, leak.form);
    // Names of the page's own anchors and classes, of a key and of a prompt, which nobody has for a
    // secret.
    const bool anchor =
        word.ends_with("-en") || word.ends_with("-fr") || word.starts_with("state-");
    CHECK((anchor || word == "9f3c2a1b" || word == "template%2F0"));
  }
}

TEST_CASE("a label in front of a prompt is no leak where the report uses the same label",
          "[leak]") {
  Evidence e = tests::sample_evidence();
  e.findings[1].stratum = {"city", std::string("Vautrinel-sur-Orvl")};
  const std::string text = canonical_json(to_json(e));
  const std::string page = render_report("html", e, {});
  const std::vector<Artefact> artefacts = {{"evidence.json", ArtefactFormat::json, text},
                                           {"report.html", ArtefactFormat::html, page}};
  const std::vector<std::string> neutral = neutral_text(e);
  std::vector<std::string_view> vocabulary(neutral.begin(), neutral.end());
  vocabulary.push_back(program_text());
  LeakScanner scanner(artefacts, vocabulary);
  scanner.search(std::vector<Needle>{needle("Source:"), needle("City: "), needle("kind ="),
                                     needle("- Outcome:\n")});
  CHECK(scanner.report().found == 0);
  // What stands in the column is another matter.
  scanner.search(std::vector<Needle>{needle("Vautrinel-sur-Orvl")});
  CHECK(scanner.report().found == 1);
}

TEST_CASE("nothing is found in a report that holds nothing", "[leak]") {
  std::vector<Needle> needles;
  for (int i = 0; i < 3000; ++i) {
    const std::string n = std::to_string(100000 + i * 271);
    needles.push_back(needle(n));
    needles.push_back(needle("person" + n + "@example.org", {i, i + 1, i + 2, i + 3, i + 4}));
    needles.push_back(needle("Her account ends in " + n + ", she said"));
  }
  const LeakReport report = scan(canonical_json(to_json(tests::sample_evidence())), needles);
  CHECK(report.found == 0);
  CHECK(report.searched + report.too_short == 9000);
  CHECK(report.too_short < 100);  // numbers of two digits over and over
}

TEST_CASE("a secret in a stratum, a suite, a threat model or a context is a leak", "[leak]") {
  Evidence e = tests::sample_evidence();
  const int where = GENERATE(0, 1, 2, 3, 4, 5, 6, 7);
  const std::string secret = "Vautrinel 00 99 00 12";
  if (where == 0) e.findings[1].stratum = {"source", secret};
  if (where == 1) e.suite_name = secret;
  if (where == 2) e.threat_model["note"] = {{"nested", {secret}}};
  if (where == 3) e.findings[0].caveats[0].text += secret;
  if (where == 4) e.run["note"] = secret;
  e.context = tests::sample_context();
  if (where == 5) e.context->intended_use = "for " + secret + " and others";
  if (where == 6) e.context->mitigations[0].description = secret;
  if (where == 7) e.context->filters[0] = secret;
  const std::vector<Artefact> artefacts = {
      {"evidence.json", ArtefactFormat::json, "{}"},
      {"copy.json", ArtefactFormat::json, canonical_json(to_json(e))}};
  const std::vector<std::string> neutral = neutral_text(e);
  std::vector<std::string_view> vocabulary = {program_text()};
  vocabulary.insert(vocabulary.end(), neutral.begin(), neutral.end());
  const std::string text = canonical_json(to_json(e));
  const std::vector<Artefact> bound = {{"evidence.json", ArtefactFormat::json, text}};
  LeakScanner scanner(bound, vocabulary);
  scanner.search(std::vector<Needle>{needle(secret)});
  CHECK(scanner.report().found == 1);
}

TEST_CASE("a leak stops the run and is not quoted", "[leak]") {
  const LeakReport report = scan(json_string(kSecret), {needle(kSecret)});
  try {
    require_no_leak(report);
    FAIL("expected an error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::integrity);
    CHECK_THAT(error.what(), Catch::Contains("artefact") && Catch::Contains("string 7") &&
                                 !Catch::Contains("Vautrinel"));
  }
  CHECK_NOTHROW(require_no_leak(scan("{}", {needle(kSecret)})));
}

TEST_CASE("the program's own text is built in", "[leak]") {
  CHECK(program_text().find("souvenir/evidence/1") != std::string_view::npos);
  CHECK(program_text().find("Extraction directe") != std::string_view::npos);
}

TEST_CASE("a hundred thousand strings are searched for within seconds", "[leak][.slow]") {
  std::vector<Needle> needles;
  for (int i = 0; i < 100000; ++i) {
    std::string text;
    for (int word = 0; word < 30; ++word) {
      text += "w" + std::to_string((i * 7919 + word * 104729) % 1000003) + " ";
    }
    needles.push_back(needle(text, std::vector<TokenId>(50, i)));
  }
  const std::string bytes = canonical_json(to_json(tests::sample_evidence()));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(scan(bytes, needles).found == 0);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  WARN(bytes.size() << " bytes, 100,000 needles: " << seconds.count() << " s");
  CHECK(seconds.count() < 60.0);  // far above what it takes: a guard against quadratic time
}

}  // namespace
}  // namespace souvenir
