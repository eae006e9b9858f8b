#include "harness/leak_text.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "harness/leak_search.h"

namespace souvenir {
namespace {

std::vector<std::string> texts(ArtefactFormat format, const std::string& bytes) {
  std::vector<std::string> out;
  for (const TracedText& text : artefact_text(format, bytes).texts) {
    out.push_back(text.bytes());
  }
  return out;
}

TracedText traced(const std::string& bytes) {
  TracedText text;
  text.append(bytes, 0);
  return text;
}

TEST_CASE("the free text of JSON is its keys and strings, not its numbers", "[leak]") {
  const std::string json =
      R"({"a\nb":"x\u00e9\ud83d\ude00\"y","n":482113.5,"t":"2026-11-24T05:58:00Z",
    "list":[ 12, 345,6 ,7],"short":[1,2,3],"mixed":[1,2,"x",3,4]})";
  const ArtefactText content = artefact_text(ArtefactFormat::json, json);
  CHECK(texts(ArtefactFormat::json, json) ==
        std::vector<std::string>{"a\nb", "x\u00e9\U0001f600\"y", "n", "t", "list", "short", "mixed",
                                 "x"});
  CHECK(content.numbers.count("482113.5") == 1);
  REQUIRE(content.lists.size() == 1);
  CHECK(content.lists[0].first == std::vector<std::int64_t>{12, 345, 6, 7});
  // Position of the y behind the escapes, in the artefact.
  CHECK(json[content.texts[1].source(8)] == 'y');
}

TEST_CASE("broken JSON is read as far as it goes", "[leak]") {
  CHECK(texts(ArtefactFormat::json, R"({"a":"never closed)") ==
        std::vector<std::string>{"a", "never closed"});
  CHECK(texts(ArtefactFormat::json, "\"ends in \\") == std::vector<std::string>{"ends in \\"});
}

TEST_CASE("the free text of HTML is what a reader sees, attributes and comments", "[leak]") {
  CHECK(texts(ArtefactFormat::html,
              "<p title='a &lt; b'>se<b>cr</b>et &amp; x</p><p>next</p><!-- c --><style>d>e</style>"
              "<data value='482113'>482 113</data>z<time>2026-11-24 05:58 UTC</time>") ==
        std::vector<std::string>{"a < b", " c ", "d>e", "\1secret & x\1\1next\1\1\1\1z\1"});
}

TEST_CASE("an element for numbers that holds words is text", "[leak]") {
  const auto found = texts(ArtefactFormat::html, "<data value='1'>hidden words</data>");
  CHECK(found.back() == "hidden words");
  CHECK(artefact_text(ArtefactFormat::html, "<data value='1'>1 %</data>").numbers.count("1 %") ==
        1);
}

TEST_CASE("the free text of XML is its text, its attributes and its CDATA", "[leak]") {
  CHECK(texts(ArtefactFormat::xml,
              "<?xml version=\"1.0\"?><s time=\"0.25\" name=\"a&#233;b\"><![CDATA[x<y]]>t</s>") ==
        std::vector<std::string>{"a\u00e9b", "x<y", "\1\1t\1"});
}

TEST_CASE("escapes are decoded one kind at a time", "[leak]") {
  CHECK(without_json_escapes(traced(R"(a\\b\/\u{1F600}\x41\q\u12)")).bytes() ==
        "a\\b/\U0001f600A\\q\\u12");
  CHECK(without_html_entities(traced("&lt;&#x41;&#65;&nope;&")).bytes() == "<AA&nope;&");
  CHECK(without_percent_encoding(traced("%C3%a9%zz%4")).bytes() == "\u00e9%zz%4");
  CHECK(without_json_escapes(traced("plain")).bytes().empty());
}

TEST_CASE("texts that look the same fold to the same", "[leak]") {
  CHECK(folded("ÀÉÎÕÜ ŸŒŠŽ ΑΩΐΌ ЖЁ") == "àéîõü ÿœšž αωΐό жё");
  CHECK(folded("a \t\r\n\u00a0\u202f b") == "a b");
  CHECK(folded("a\u200b\u00adb \u200b c") == "ab c");
  CHECK(folded("\xff\xc3(") == "\xff\xc3(");
  CHECK(folded("×÷ßþ") == "×÷ßþ");
}

TEST_CASE("numbers with anything but words between them are a list", "[leak]") {
  const auto lists = number_lists(traced("[12, 345;6|7] and 1 2 3, then 9-8-7-6-5"));
  REQUIRE(lists.size() == 2);
  CHECK(lists[0].first == std::vector<std::int64_t>{12, 345, 6, 7});
  CHECK(lists[1].first == std::vector<std::int64_t>{9, 8, 7, 6, 5});
}

// Every stretch that a slow search finds, and no other.
TEST_CASE("the table finds what a naive search finds", "[leak]") {
  // A small alphabet, so that stretches overlap and repeat; a linear congruence for the letters.
  std::uint32_t state = GENERATE(1U, 2U, 3U, 4U, 5U);
  const auto letters = [&](std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i) {
      state = state * 1664525U + 1013904223U;
      out += static_cast<char>('a' + (state >> 16) % 3);
    }
    return out;
  };
  std::string text = letters(600);
  std::vector<std::string> needles = {letters(4), letters(5), letters(6), letters(9), letters(40)};
  needles.push_back(text.substr(100, 70));
  needles.push_back(letters(20) + text.substr(300, 33) + letters(20));
  needles.push_back(letters(20) + text.substr(400, 25) + letters(20));
  needles.push_back(text.substr(596, 4));
  std::vector<int> naive(needles.size(), 0);
  for (std::size_t i = 0; i < needles.size(); ++i) {
    const std::size_t size = std::min<std::size_t>(needles[i].size(), 32);
    for (std::size_t at = 0; at + size <= needles[i].size(); ++at) {
      naive[i] |= text.find(needles[i].substr(at, size)) != std::string::npos ? 1 : 0;
    }
  }
  std::vector<int> found(needles.size(), 0);
  const NeedleTable table({needles.begin(), needles.end()}, 32);
  table.scan(text, [&](const Stretch& s) {
    found[s.needle] = 1;
    CHECK(text.substr(s.at, s.end - s.begin) == needles[s.needle].substr(s.begin, s.end - s.begin));
  });
  CHECK(found == naive);
  CHECK(naive[5] == 1);
  CHECK(naive[6] == 1);
}

}  // namespace
}  // namespace souvenir
