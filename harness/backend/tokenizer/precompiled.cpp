#include "harness/backend/tokenizer/precompiled.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/backend/tokenizer/charsmap.h"
#include "harness/backend/tokenizer/graphemes.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

// The new text, character by character, with what each changes (Rewriter::emit).
struct Change {
  char32_t code_point = 0;
  std::ptrdiff_t change = 0;
};

std::ptrdiff_t count_characters(std::string_view text) {
  std::ptrdiff_t count = 0;
  for (const char byte : text) {
    count += is_continuation(byte) ? 0 : 1;
  }
  return count;
}

// Puts `now` in the place of `before`. The characters that are too many come from the last one
// before them; those that are too few go with the last character there is: at the very start there
// is none, they are not counted, and all that follows seems to come from further left. So it does
// in the reference library.
void replace(std::string_view before, std::string_view now, std::vector<Change>& changes) {
  for (std::size_t position = 0; position < now.size();) {
    changes.push_back({next_code_point(now, position), 0});
  }
  const std::ptrdiff_t added = count_characters(now) - count_characters(before);
  if (added > 0) {
    for (std::size_t i = changes.size() - static_cast<std::size_t>(added); i < changes.size();
         ++i) {
      changes[i].change = 1;
    }
  } else if (!changes.empty()) {
    changes.back().change += added;
  }
}

class Precompiled final : public Normalizer {
 public:
  explicit Precompiled(Charsmap charsmap) : charsmap_(std::move(charsmap)) {}

  void apply(AlignedText& text, MatchScratch&) const override {
    const std::string_view all = text.text();
    std::vector<Change> changes;
    changes.reserve(all.size());
    bool any = false;
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = grapheme_end(all, begin);
      any = replace_grapheme(all.substr(begin, end - begin), changes) || any;
      begin = end;
    }
    if (!any) {
      return;
    }
    Rewriter rewriter(text);
    for (const Change& change : changes) {
      rewriter.emit(change.code_point, change.change);
    }
    rewriter.finish();
  }

 private:
  static constexpr std::size_t kShort = 6;  // bytes: below, a grapheme is looked up as a whole

  bool replace_grapheme(std::string_view grapheme, std::vector<Change>& changes) const {
    if (grapheme.size() < kShort) {
      if (const auto now = charsmap_.find(grapheme)) {
        replace(grapheme, *now, changes);
        return true;
      }
    }
    bool any = false;
    for (std::size_t begin = 0; begin < grapheme.size();) {
      std::size_t end = begin;
      const char32_t c = next_code_point(grapheme, end);
      const std::string_view character = grapheme.substr(begin, end - begin);
      if (const auto now = charsmap_.find(character)) {
        replace(character, *now, changes);
        any = true;
      } else {
        changes.push_back({c, 0});
      }
      begin = end;
    }
    return any;
  }

  Charsmap charsmap_;
};

}  // namespace

std::unique_ptr<Normalizer> read_precompiled(const Fields& fields) {
  const auto bytes = from_base64(fields.string("precompiled_charsmap"));
  if (!bytes) {
    fields.fail("precompiled_charsmap", "expected base64");
  }
  try {
    return std::make_unique<Precompiled>(Charsmap(*bytes));
  } catch (const Error& error) {
    fields.fail(error.what());
  }
}

}  // namespace souvenir::tokenizing
