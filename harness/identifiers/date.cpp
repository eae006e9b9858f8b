// Dates: 1985-03-17, 17/03/1985, 17.3.1985, 17 mars 1985, March 17, 1985. A date in digits begins
// with the day unless only the other reading is a date.

#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"
#include "harness/leak_text.h"

namespace souvenir {

namespace {

constexpr std::array<std::string_view, 12> kFrench = {
    "janvier", "février", "mars",      "avril",   "mai",      "juin",
    "juillet", "août",    "septembre", "octobre", "novembre", "décembre"};
constexpr std::array<std::string_view, 12> kEnglish = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

struct Date {
  int year = 0;
  int month = 0;
  int day = 0;
};

int days_in(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

bool valid(const Date& date) {
  return date.year >= 1800 && date.year <= 2199 && date.month >= 1 && date.month <= 12 &&
         date.day >= 1 && date.day <= days_in(date.year, date.month);
}

// A run of digits, or of letters (any byte beyond ASCII counts as one).
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool digits = false;
};

std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<Piece> pieces;
  const auto sort = [](char c) {
    return is_digit(c) ? 1 : is_letter(c) || static_cast<unsigned char>(c) >= 0x80 ? 2 : 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && sort(text[end]) == sort(text[at])) ++end;
    if (sort(text[at]) != 0) pieces.push_back({at, end, sort(text[at]) == 1});
    at = end;
  }
  return pieces;
}

int month_named(std::string_view word) {
  const std::string name = folded(word);
  for (std::size_t i = 0; i < 12; ++i) {
    const bool short_form = name.size() == 3 && kEnglish[i].starts_with(name);
    if (name == kFrench[i] || name == kEnglish[i] || short_form) return static_cast<int>(i) + 1;
  }
  if (name == "fevrier") return 2;
  if (name == "aout") return 8;
  return name == "decembre" ? 12 : 0;
}

bool is_ordinal(std::string_view word) {
  return word == "er" || word == "st" || word == "nd" || word == "rd" || word == "th";
}

// The three pieces that say the date, and what each says.
struct Reading {
  Date date;
  Piece day, month, year;
};

std::optional<Reading> read_date(std::string_view text) {
  std::vector<Piece> parts;
  for (const Piece& piece : pieces_of(text)) {
    const std::string_view word = text.substr(piece.begin, piece.end - piece.begin);
    const bool filler = !piece.digits && (is_ordinal(word) || word == "of" || word == "de");
    if (!filler) parts.push_back(piece);
  }
  if (parts.size() != 3) return std::nullopt;
  const auto word = [&](std::size_t i) {
    return text.substr(parts[i].begin, parts[i].end - parts[i].begin);
  };
  const auto value = [&](std::size_t i) {
    const int named = parts[i].digits ? 0 : month_named(word(i));
    if (!parts[i].digits || word(i).size() > 4) return named;
    return static_cast<int>(modulo(word(i), 100'000));
  };
  constexpr std::size_t kOrders[3][3] = {{2, 1, 0}, {0, 1, 2}, {1, 0, 2}};  // day, month, year
  for (const auto& order : kOrders) {
    const auto [day, month, year] = order;
    if (!parts[day].digits || !parts[year].digits || word(year).size() != 4 ||
        word(day).size() > 2 || (parts[month].digits && word(month).size() > 2)) {
      continue;
    }
    const Reading reading{
        {value(year), value(month), value(day)}, parts[day], parts[month], parts[year]};
    if (valid(reading.date)) return reading;
  }
  return std::nullopt;
}

std::string padded(int value, std::size_t width) {
  const std::string digits = std::to_string(value);
  return std::string(digits.size() < width ? width - digits.size() : 0, '0') + digits;
}

std::string month_like(std::string_view word, int month) {
  const auto at = static_cast<std::size_t>(month - 1);
  const std::string name = folded(word);
  const int given = month_named(word);
  const bool french = name == kFrench[static_cast<std::size_t>(given - 1)] || name == "fevrier" ||
                      name == "aout" || name == "decembre";
  std::string out(french ? kFrench[at] : kEnglish[at]);
  if (!french && name.size() == 3 && name != "may") out = out.substr(0, 3);
  if (is_upper(word.front())) out[0] = to_upper(out[0]);
  return out;
}

}  // namespace

std::optional<std::string> canonical_date(std::string_view text) {
  if (text.size() > 64) return std::nullopt;
  const auto reading = read_date(text);
  if (!reading) return std::nullopt;
  return padded(reading->date.year, 4) + "-" + padded(reading->date.month, 2) + "-" +
         padded(reading->date.day, 2);
}

// A date is nobody's own: any other of the same twenty-one years will do.
std::optional<std::string> invent_date_like(std::string_view value, Rng& rng) {
  const auto reading = read_date(value);
  if (!reading) return std::nullopt;
  const int year = reading->date.year - 10 + static_cast<int>(rng.uniform_below(21));
  const int month = 1 + static_cast<int>(rng.uniform_below(12));
  const int day = 1 + static_cast<int>(rng.uniform_below(28));
  const std::vector<Piece> pieces = pieces_of(value);
  std::string out(value.substr(0, pieces.front().begin));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const std::string_view word = value.substr(piece.begin, piece.end - piece.begin);
    if (piece.begin == reading->year.begin) {
      out += padded(year, 4);
    } else if (piece.begin == reading->day.begin) {
      out += padded(day, word.size());
    } else if (piece.begin == reading->month.begin) {
      out += piece.digits ? padded(month, word.size()) : month_like(word, month);
    } else if (!is_ordinal(word)) {
      out += word;
    }
    const std::size_t next = i + 1 < pieces.size() ? pieces[i + 1].begin : value.size();
    out += value.substr(piece.end, next - piece.end);
  }
  return out;
}

}  // namespace souvenir
