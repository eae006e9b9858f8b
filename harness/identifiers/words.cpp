// Names, addresses and other text: no form of their own, so they are matched against known values.

#include <array>
#include <string>
#include <vector>

#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"
#include "harness/identifiers/person.h"
#include "harness/leak_text.h"

namespace souvenir {

namespace {

struct Accent {
  std::string_view accented;
  std::string_view plain;
};
constexpr Accent kAccents[] = {
    {"à", "a"},  {"á", "a"},  {"â", "a"}, {"ã", "a"}, {"ä", "a"}, {"å", "a"}, {"ç", "c"},
    {"è", "e"},  {"é", "e"},  {"ê", "e"}, {"ë", "e"}, {"ì", "i"}, {"í", "i"}, {"î", "i"},
    {"ï", "i"},  {"ñ", "n"},  {"ò", "o"}, {"ó", "o"}, {"ô", "o"}, {"õ", "o"}, {"ö", "o"},
    {"ø", "o"},  {"ù", "u"},  {"ú", "u"}, {"û", "u"}, {"ü", "u"}, {"ý", "y"}, {"ÿ", "y"},
    {"œ", "oe"}, {"æ", "ae"}, {"ß", "ss"}};

// Bytes of UTF-8 at `at`, and what stands there without its accent.
std::string_view without_accent(std::string_view text, std::size_t at, std::size_t& bytes) {
  for (const Accent& row : kAccents) {
    if (text.substr(at, row.accented.size()) == row.accented) {
      bytes = row.accented.size();
      return row.plain;
    }
  }
  bytes = 1;
  return text.substr(at, 1);
}

bool is_small_word(std::string_view word) {
  constexpr std::string_view kKept[] = {
      "rue",    "avenue", "boulevard", "place", "allée",  "impasse", "chemin",
      "quai",   "route",  "cours",     "de",    "du",     "des",     "la",
      "le",     "les",    "d",         "l",     "bis",    "ter",     "cedex",
      "street", "road",   "lane",      "drive", "square", "of",      "the"};
  const std::string lower = folded(word);
  for (const std::string_view kept : kKept) {
    if (lower == kept) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> canonical_words(std::string_view text) {
  const std::string lower = folded(text);
  std::string out;
  bool gap = false;
  for (std::size_t at = 0; at < lower.size();) {
    std::size_t bytes = 1;
    const std::string_view here = without_accent(lower, at, bytes);
    const bool part_of_word =
        is_letter(here[0]) || is_digit(here[0]) || static_cast<unsigned char>(here[0]) >= 0x80;
    if (part_of_word) {
      if (gap && !out.empty()) out += ' ';
      out += here;
    }
    gap = !part_of_word;
    at += bytes;
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

std::optional<std::string> invent_name_like(std::string_view value, Rng& rng) {
  const InventedPerson person = invent_person(rng);
  const std::size_t space = person.name.find(' ');
  std::string given = person.name.substr(0, space);
  std::string family = person.name.substr(space + 1);
  const std::size_t last = value.rfind(' ');
  if (last == std::string_view::npos) return family;
  // More names in the middle stay as many words.
  std::string out = given;
  for (std::size_t at = value.find(' '); at != last; at = value.find(' ', at + 1)) {
    const std::string other = invent_person(rng).name;
    out += " " + other.substr(0, other.find(' '));
  }
  return out + " " + family;
}

std::optional<std::string> invent_address_like(std::string_view value, Rng& rng) {
  std::string out;
  for (std::size_t at = 0; at < value.size();) {
    std::size_t end = at;
    while (end < value.size() && is_digit(value[end])) ++end;
    if (end - at == 5) {
      out += "00" + random_digits(rng, 3);  // no postal code begins 00
    } else if (end > at) {
      out += static_cast<char>('1' + rng.uniform_below(9));
      out += random_digits(rng, end - at - 1);
    }
    if (end > at) {
      at = end;
      continue;
    }
    const auto letter = [&](std::size_t i) {
      return is_letter(value[i]) || static_cast<unsigned char>(value[i]) >= 0x80;
    };
    while (end < value.size() && letter(end)) ++end;
    if (end == at) {
      out += value[at++];
      continue;
    }
    const std::string_view word = value.substr(at, end - at);
    std::string invented =
        is_small_word(word) ? std::string(word) : invent_word(rng, static_cast<int>(word.size()));
    if (is_upper(word[0])) invented[0] = to_upper(invented[0]);
    out += invented;
    at = end;
  }
  return out;
}

std::optional<std::string> canonical_text(std::string_view text) {
  std::string out = folded(text);
  while (!out.empty() && out.back() == ' ') out.pop_back();
  while (!out.empty() && out.front() == ' ') out.erase(0, 1);
  return out.empty() ? std::nullopt : std::optional(out);
}

std::optional<std::string> invent_text_like(std::string_view value, Rng& rng) {
  const std::string invented = invent_shape(value, rng);
  return invented == value ? std::nullopt : std::optional(invented);
}

}  // namespace souvenir
