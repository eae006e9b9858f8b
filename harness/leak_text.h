#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace souvenir {

enum class ArtefactFormat { json, html, xml, text };

// Text that was taken or decoded out of an artefact, and remembers where from. A value.
class TracedText {
 public:
  const std::string& bytes() const { return bytes_; }

  // Adds bytes that stand at `source` in the artefact.
  void append(std::string_view bytes, std::size_t source);

  // Returns where the byte at `at` came from; exact at the start of what was appended, and as far
  // as the bytes were taken over unchanged.
  std::size_t source(std::size_t at) const;

 private:
  std::string bytes_;
  std::vector<std::pair<std::size_t, std::size_t>> points_;  // (own offset, artefact's)
};

// What an artefact says in free text, and what it says in numbers.
//
//   texts    strings in which a leak could stand: JSON keys and strings; the text of an HTML or XML
//            document as a reader sees it (tags inside a line leave no gap), then each attribute
//   lists    JSON arrays of four or more integers: a list of token ids needs no string
//   numbers  numbers that are typed as such: JSON numbers, and what stands in <data> elements
struct ArtefactText {
  std::vector<TracedText> texts;
  std::vector<std::pair<std::vector<std::int64_t>, std::size_t>> lists;
  std::set<std::string> numbers;
};

// Takes the free text out of an artefact. Lenient: what is broken is read as far as it goes, since
// a leak in a broken file is a leak.
//
// Typed values are not text: JSON numbers; a string that is nothing but a time stamp; and in HTML
// <data> and <time> elements that hold nothing but a number or a time.
ArtefactText artefact_text(ArtefactFormat format, std::string_view bytes);

// Each decodes one kind of escape and leaves everything else as it stands; empty if there was none.
TracedText without_json_escapes(const TracedText& text);      // \n \" \\ \u00e9 \u{e9} \x41
TracedText without_html_entities(const TracedText& text);     // &amp; &#233; &#xe9;
TracedText without_percent_encoding(const TracedText& text);  // %C3%A9

// Returns the decoding of every run of base64 digits (standard and URL alphabet, from each of four
// starting points) and of hexadecimal digits (from each of two) that gives at least six bytes.
struct DecodedRun {
  std::string bytes;
  std::size_t source = 0;
  bool is_hex = false;
};
std::vector<DecodedRun> decoded_runs(const TracedText& text);

// Returns the lists of four or more whole numbers in a text, with any punctuation between them.
std::vector<std::pair<std::vector<std::int64_t>, std::size_t>> number_lists(const TracedText& text);

// Folds case (ASCII, Latin, Greek, Cyrillic), makes one space of any white space, and drops
// characters that cannot be seen: two texts that look the same are the same.
TracedText folded(const TracedText& text);
std::string folded(std::string_view text);

}  // namespace souvenir
