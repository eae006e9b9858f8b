#include "harness/backend/tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "harness/backend/tokenizer/unicode_data.h"
#include "harness/backend/tokenizer/utf8.h"

namespace souvenir::tokenizing {

namespace {

template <typename Range>
const Range* find_range(std::span<const Range> ranges, char32_t code_point) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), code_point,
                       [](char32_t value, const Range& range) { return value < range.first; });
  if (after == ranges.begin() || code_point > std::prev(after)->last) {
    return nullptr;
  }
  return &*std::prev(after);
}

// One flag per 256 code points: most text is settled without a search.
using Pages = std::array<bool, 0x110000 / 256>;

const Pages& stand_in_pages() {
  static const Pages pages = [] {
    Pages result{};
    for (const StandInRange& range : stand_in_ranges()) {
      for (char32_t page = range.first >> 8; page <= range.last >> 8; ++page) {
        result[page] = true;
      }
    }
    return result;
  }();
  return pages;
}

utf8proc_category_t category(char32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(stand_in(code_point)));
}

bool is_ascii_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

}  // namespace

char32_t stand_in(char32_t code_point) {
  if (code_point > 0x10FFFF || !stand_in_pages()[code_point >> 8]) {
    return code_point;
  }
  const StandInRange* range = find_range(stand_in_ranges(), code_point);
  return range == nullptr ? code_point : range->stand_in;
}

bool touches_stand_ins(char32_t first, char32_t last) {
  const auto ranges = stand_in_ranges();
  return std::any_of(ranges.begin(), ranges.end(), [&](const StandInRange& range) {
    return (first <= range.last && last >= range.first) ||
           (first <= range.stand_in && last >= range.stand_in);
  });
}

bool is_white_space(char32_t c) {
  return c == ' ' || (c >= 0x9 && c <= 0xD) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_numeric(char32_t code_point) {
  if (code_point < 0x80) {
    return code_point >= '0' && code_point <= '9';
  }
  const utf8proc_category_t c = category(code_point);
  return c == UTF8PROC_CATEGORY_ND || c == UTF8PROC_CATEGORY_NL || c == UTF8PROC_CATEGORY_NO ||
         find_range(newer_numeric_ranges(), code_point) != nullptr;
}

bool is_punctuation(char32_t code_point) {
  if (code_point < 0x80) {
    return is_ascii_punctuation(code_point);
  }
  if (code_point == 0x166D || code_point == 0x111C9) {
    return true;  // punctuation until Unicode 8, symbol or mark since
  }
  const utf8proc_category_t c = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return c >= UTF8PROC_CATEGORY_PC && c <= UTF8PROC_CATEGORY_PO &&
         find_range(newer_punctuation_ranges(), code_point) == nullptr &&
         find_range(stand_in_ranges(), code_point) == nullptr;
}

bool is_word(char32_t code_point) {
  if (code_point < 0x80) {
    return (code_point >= '0' && code_point <= '9') || (code_point >= 'A' && code_point <= 'Z') ||
           (code_point >= 'a' && code_point <= 'z') || code_point == '_';
  }
  const utf8proc_category_t c = category(code_point);
  return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_NL) || c == UTF8PROC_CATEGORY_PC ||
         find_range(word_ranges(), code_point) != nullptr;
}

bool is_mark(char32_t code_point) {
  if (code_point < 0x300) {
    return false;
  }
  const utf8proc_category_t c = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return code_point == 0x1CF2 || code_point == 0x1CF3 ||  // letters since Unicode 12
         (c >= UTF8PROC_CATEGORY_MN && c <= UTF8PROC_CATEGORY_ME &&
          find_range(newer_mark_ranges(), code_point) == nullptr);
}

char32_t grapheme_stand_in(char32_t code_point) {
  if (code_point < 0x897) {
    return code_point;
  }
  if (code_point == 0x11A3A) {
    return 0x11A5C;  // no longer prepended: a letter like any other
  }
  if (code_point == 0x113D1) {
    return 0x111C2;  // prepended
  }
  return find_range(newer_extend_ranges(), code_point) != nullptr ? U'\u0300' : code_point;
}

bool is_newer_than_normalization(char32_t code_point) {
  return find_range(newer_normalization_ranges(), code_point) != nullptr ||
         stand_in(code_point) != code_point;
}

LowerCase lower_case(char32_t code_point) {
  if (code_point < 0x80) {
    return {code_point >= 'A' && code_point <= 'Z' ? code_point + 0x20 : code_point, {}};
  }
  if (code_point == 0x130) {
    return {'i', 0x307};
  }
  if (const LowerRange* range = find_range(newer_lower_ranges(), code_point)) {
    return {range->lower_first + (code_point - range->first), {}};
  }
  return {static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point))), {}};
}

std::optional<std::string> with_stand_ins(std::string_view text) {
  const Pages& pages = stand_in_pages();
  std::optional<std::string> result;
  std::size_t position = 0;
  while (position < text.size()) {
    if (static_cast<unsigned char>(text[position]) < 0xE0) {
      ++position;  // nothing below U+0800 is replaced: a trailing byte may be skipped like any
                   // other
      continue;
    }
    const std::size_t begin = position;
    const char32_t code_point = next_code_point(text, position);
    if (!pages[code_point >> 8]) {
      continue;
    }
    const char32_t other = stand_in(code_point);
    if (other != code_point) {
      if (!result) {
        result.emplace(text);
      }
      std::string bytes;
      append_utf8(bytes, other);
      result->replace(begin, position - begin, bytes);
    }
  }
  return result;
}

std::string unicode_versions() {
  return std::string("utf8proc ") + utf8proc_unicode_version() +
         ", with the categories of 15.0 to 16.0 and the normalisation of 9.0 as the reference has";
}

}  // namespace souvenir::tokenizing
