#include "harness/backend/tokenizer/normal_form.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/unicode.h"

namespace souvenir::tokenizing {

namespace {

// No decomposition lies above this; what is above is a starter that never changes.
constexpr char32_t kLimit = 0x30000;

constexpr char32_t kHangulSyllables = 0xAC00;
constexpr char32_t kLeading = 0x1100;
constexpr char32_t kVowel = 0x1161;
constexpr char32_t kTrailing = 0x11A7;  // one before the first
constexpr char32_t kLeadingCount = 19;
constexpr char32_t kVowelCount = 21;
constexpr char32_t kTrailingCount = 28;
constexpr char32_t kSyllableCount = kLeadingCount * kVowelCount * kTrailingCount;

// A code point on its way, with its combining class and its effect on the alignment (see
// Rewriter::emit).
struct Item {
  char32_t code_point = 0;
  int combining_class = 0;
  std::ptrdiff_t change = 0;
};

bool is_compatibility(NormalForm form) {
  return form == NormalForm::nfkc || form == NormalForm::nfkd;
}

bool is_composed(NormalForm form) { return form == NormalForm::nfc || form == NormalForm::nfkc; }

int combining_class(char32_t code_point) {
  if (code_point < 0x300 || is_newer_than_normalization(code_point)) {
    return 0;
  }
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(code_point))->combining_class;
}

using Decomposition = std::array<utf8proc_int32_t, 32>;

std::span<const utf8proc_int32_t> decompose(char32_t code_point, bool compatibility,
                                            Decomposition& buffer) {
  buffer[0] = static_cast<utf8proc_int32_t>(code_point);
  if (is_newer_than_normalization(code_point)) {
    return std::span(buffer).first(1);
  }
  const int options = UTF8PROC_DECOMPOSE | (compatibility ? UTF8PROC_COMPAT : 0);
  const utf8proc_ssize_t length =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code_point), buffer.data(),
                              static_cast<utf8proc_ssize_t>(buffer.size()),
                              static_cast<utf8proc_option_t>(options), nullptr);
  return std::span(buffer).first(length < 1 ? 1 : static_cast<std::size_t>(length));
}

std::optional<char32_t> compose_hangul(char32_t a, char32_t b) {
  if (a >= kLeading && a < kLeading + kLeadingCount && b >= kVowel && b < kVowel + kVowelCount) {
    return kHangulSyllables + ((a - kLeading) * kVowelCount + (b - kVowel)) * kTrailingCount;
  }
  if (a >= kHangulSyllables && a < kHangulSyllables + kSyllableCount &&
      (a - kHangulSyllables) % kTrailingCount == 0 && b > kTrailing &&
      b < kTrailing + kTrailingCount) {
    return a + (b - kTrailing);
  }
  return std::nullopt;
}

std::optional<char32_t> compose(char32_t a, char32_t b) {
  if (const auto syllable = compose_hangul(a, b)) {
    return syllable;
  }
  if ((a >= kHangulSyllables && a < kHangulSyllables + kSyllableCount) ||
      (a >= kLeading && a < kLeading + kLeadingCount) || is_newer_than_normalization(a) ||
      is_newer_than_normalization(b)) {
    return std::nullopt;
  }
  std::array<utf8proc_int32_t, 3> pair = {static_cast<utf8proc_int32_t>(a),
                                          static_cast<utf8proc_int32_t>(b), 0};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  if (utf8proc_normalize_utf32(pair.data(), 2, options) != 1) {
    return std::nullopt;
  }
  const auto composed = static_cast<char32_t>(pair[0]);
  return is_newer_than_normalization(composed) ? std::nullopt : std::optional(composed);
}

void decompose_into(std::vector<Item>& items, char32_t code_point, bool compatibility) {
  Decomposition buffer;
  std::ptrdiff_t change = 0;
  for (const utf8proc_int32_t part : decompose(code_point, compatibility, buffer)) {
    const auto c = static_cast<char32_t>(part);
    items.push_back({c, combining_class(c), change});
    change = 1;
  }
}

// Sorts each run of combining marks by class; the order within a class is kept.
void reorder(std::vector<Item>& items) {
  const auto is_starter = [](const Item& item) { return item.combining_class == 0; };
  for (auto from = items.begin(); from != items.end();) {
    from = std::find_if_not(from, items.end(), is_starter);
    const auto to = std::find_if(from, items.end(), is_starter);
    std::stable_sort(from, to, [](const Item& a, const Item& b) {
      return a.combining_class < b.combining_class;
    });
    from = to;
  }
}

// Composes marks and vowels with the starter before them (UAX 15, D117), adding up the changes.
void recompose(std::vector<Item>& items) {
  std::size_t kept = 0;
  std::optional<std::size_t> starter;
  int last_class = -1;  // of what stands between the starter and here; -1: nothing does
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item item = items[i];
    if (starter && last_class < item.combining_class) {
      if (const auto composed = compose(items[*starter].code_point, item.code_point)) {
        items[*starter].code_point = *composed;
        items[*starter].change += item.change - 1;
        continue;
      }
    }
    if (item.combining_class == 0) {
      starter = kept;
      last_class = -1;
    } else if (starter) {
      last_class = item.combining_class;
    }
    items[kept++] = item;
  }
  items.resize(kept);
}

// Which code points are left alone by a form, whatever stands before them: starters that come out
// of it as they are and do not compose with what precedes them. Text is cut in front of these.
using Inert = std::bitset<kLimit>;

bool comes_back(char32_t code_point, std::vector<Item>& items, NormalForm form) {
  items.clear();
  decompose_into(items, code_point, is_compatibility(form));
  if (is_composed(form) && items.size() > 1) {
    reorder(items);
    recompose(items);
  }
  return items.size() == 1 && items[0].code_point == code_point;
}

std::unique_ptr<const Inert> find_inert(NormalForm form) {
  auto inert = std::make_unique<Inert>();
  inert->set();
  Decomposition buffer;
  std::vector<Item> items;
  for (char32_t c = 0xA0; c < kLimit; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) {
      continue;
    }
    const auto parts = decompose(c, false, buffer);
    if (parts.size() > 1) {
      inert->reset(static_cast<std::size_t>(parts.back()));  // composes with what precedes it
    }
    if (combining_class(c) != 0 || !comes_back(c, items, form)) {
      inert->reset(c);
    }
  }
  return inert;
}

const Inert& inert_for(NormalForm form) {
  switch (form) {
    case NormalForm::nfc: {
      static const std::unique_ptr<const Inert> inert = find_inert(NormalForm::nfc);
      return *inert;
    }
    case NormalForm::nfd: {
      static const std::unique_ptr<const Inert> inert = find_inert(NormalForm::nfd);
      return *inert;
    }
    case NormalForm::nfkc: {
      static const std::unique_ptr<const Inert> inert = find_inert(NormalForm::nfkc);
      return *inert;
    }
    case NormalForm::nfkd:
      break;
  }
  static const std::unique_ptr<const Inert> inert = find_inert(NormalForm::nfkd);
  return *inert;
}

class Normalizing {
 public:
  Normalizing(AlignedText& text, NormalForm form)
      : text_(text), form_(form), inert_(inert_for(form)) {}

  void run() {
    const std::size_t first = next_cluster(0);
    if (first == text_.size()) {
      return;
    }
    Rewriter rewriter(text_);
    std::size_t copied = 0;
    for (std::size_t begin = first; begin < text_.size(); begin = next_cluster(begin)) {
      rewriter.copy(copied, begin);
      copied = cluster(rewriter, begin);
      begin = copied;
    }
    rewriter.copy(copied, text_.size());
    rewriter.finish();
  }

 private:
  bool is_inert(char32_t c) const { return c < 0xA0 || c >= kLimit || inert_[c]; }

  // Where the next stretch begins that may change: at the character before the next that is not
  // inert. Nothing at or behind `from` changes if this is the end of the text.
  std::size_t next_cluster(std::size_t from) const {
    const std::string_view text = text_.text();
    std::size_t previous = from;
    for (std::size_t position = from; position < text.size();) {
      const std::size_t begin = position;
      if (!is_inert(next_code_point(text, position))) {
        return previous;
      }
      previous = begin;
    }
    return text.size();
  }

  // Normalises from `begin` up to the next inert character behind it, and returns where that is.
  std::size_t cluster(Rewriter& rewriter, std::size_t begin) {
    const std::string_view text = text_.text();
    items_.clear();
    std::size_t position = begin;
    decompose_into(items_, next_code_point(text, position), is_compatibility(form_));
    while (position < text.size()) {
      std::size_t next = position;
      const char32_t c = next_code_point(text, next);
      if (is_inert(c)) {
        break;
      }
      decompose_into(items_, c, is_compatibility(form_));
      position = next;
    }
    reorder(items_);
    if (is_composed(form_)) {
      recompose(items_);
    }
    rewriter.seek(begin);
    for (const Item& item : items_) {
      rewriter.emit(item.code_point, item.change);
    }
    return position;
  }

  AlignedText& text_;
  NormalForm form_;
  const Inert& inert_;
  std::vector<Item> items_;
};

}  // namespace

void normalize(AlignedText& text, NormalForm form) { Normalizing(text, form).run(); }

}  // namespace souvenir::tokenizing
