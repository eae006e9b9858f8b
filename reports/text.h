#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/report.h"

namespace souvenir {

// Markup that is safe to put into a page: made by the functions of this folder from escaped parts.
struct Html {
  std::string markup;
};

// Shows what cannot be seen or would act, so that any text may go to a terminal: control
// characters, terminal escapes, bidirectional overrides, zero-width characters and broken UTF-8
// stand as \u{202E} or \x{FF}. Spaces that typography needs stay.
//
//   kept  ASCII characters that stay as they are, e.g. "\n"
std::string visible(std::string_view text, std::string_view kept = {});

// Makes any text safe for HTML, and visible.
Html escaped(std::string_view text);

// The same in an element that keeps the direction of foreign text to itself.
Html isolated(std::string_view text);

using Fillings = std::vector<std::pair<std::string_view, Html>>;

// Says things in one language: looks sentences up by code (reports/text.json), fills them, and
// writes numbers the way that language does. Immutable; safe from any thread.
class Words {
 public:
  explicit Words(Language language) : language_(language) {}

  Language language() const { return language_; }
  std::string_view code() const { return language_ == Language::en ? "en" : "fr"; }

  bool has(std::string_view code) const;

  // Errors  internal: no such code
  const std::string& plain(std::string_view code) const;
  Html say(std::string_view code) const;

  // Replaces each {name} in the sentence.
  //
  // Errors  internal: a name that is not given
  Html fill(std::string_view code, const Fillings& fillings) const;
  std::string fill_plain(
      std::string_view code,
      const std::vector<std::pair<std::string_view, std::string>>& fillings) const;

  // Numbers, each in a <data> element that carries its value for machines. A rate of 0 to 1 is
  // written in per cent, with two significant digits below ten per cent.
  Html count(std::int64_t value) const;
  Html number(double value) const;
  Html name_number(std::uint64_t value) const;  // a seed: a name, not an amount, so not grouped
  Html percent(double rate) const;
  Html exact_percent(double rate) const;  // a limit that somebody set: as it was set
  Html power_of_ten(double log10_value) const;

  // The same without markup, for attributes and drawings.
  std::string plain_count(std::int64_t value) const;
  std::string plain_number(double value) const;
  std::string plain_percent(double rate) const;
  std::string plain_tick(double rate) const;  // of an axis: no zeros at the end

 private:
  std::string localised(std::string digits) const;
  std::string scientific(double mantissa, int exponent) const;
  std::string in_percent(const std::string& digits) const;

  Language language_;
};

// Returns every code there is, for the test that each has both languages.
std::vector<std::string> text_codes();

}  // namespace souvenir
