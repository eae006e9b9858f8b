#include "harness/backend/tokenizer/pre_tokenizer.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "harness/backend/tokenizer/normalizer.h"
#include "harness/backend/tokenizer/unicode.h"
#include "harness/backend/tokenizer/utf8.h"

namespace souvenir::tokenizing {

namespace {

// The pattern of GPT-2 that ByteLevel cuts with.
constexpr std::string_view kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

class Split final : public PreTokenizer {
 public:
  Split(Pattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void apply(Pieces& pieces, MatchScratch& scratch) const override {
    const auto find = [&](std::string_view subject, std::vector<Match>& out) {
      pattern_.find(subject, scratch, out);
      if (invert_) {
        for (Match& match : out) {
          match.matched = !match.matched;
        }
      }
    };
    pieces.split(find, behavior_,
                 pattern_.wants_stand_ins() ? Pieces::Subject::stand_ins : Pieces::Subject::as_is);
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class ByteLevel final : public PreTokenizer {
 public:
  ByteLevel(bool add_prefix_space, bool use_regex) : add_prefix_space_(add_prefix_space) {
    if (use_regex) {
      split_.emplace(Pattern::regex(kByteLevelPattern), SplitBehavior::isolated, false);
    }
  }

  void apply(Pieces& pieces, MatchScratch& scratch) const override {
    if (add_prefix_space_) {
      pieces.rewrite([&](const Pieces::Piece& p) { return !pieces.view(p).starts_with(' '); }, " ",
                     "", "");
    }
    if (split_) {
      split_->apply(pieces, scratch);
    }
    pieces.spell_bytes();
  }

 private:
  bool add_prefix_space_;
  std::optional<Split> split_;
};

class Metaspace final : public PreTokenizer {
 public:
  Metaspace(char32_t replacement, PrependScheme scheme, bool split)
      : replacement_(replacement), scheme_(scheme), split_(split) {
    append_utf8(spelling_, replacement);
  }

  void apply(Pieces& pieces, MatchScratch&) const override {
    pieces.rewrite([&](const Pieces::Piece& p) { return wants_mark(pieces, p); }, spelling_, " ",
                   spelling_);
    if (split_) {
      pieces.split_at([&](char32_t c) { return c == replacement_; },
                      SplitBehavior::merged_with_next);
    }
  }

 private:
  bool wants_mark(const Pieces& pieces, const Pieces::Piece& piece) const {
    const std::string_view text = pieces.view(piece);
    return scheme_ != PrependScheme::never && !text.starts_with(' ') &&
           !text.starts_with(spelling_) &&
           (scheme_ == PrependScheme::always || pieces.text().extent(piece.begin).begin == 0);
  }

  char32_t replacement_;
  std::string spelling_;
  PrependScheme scheme_;
  bool split_;
};

// Cuts around single characters of a kind.
class SplitAt final : public PreTokenizer {
 public:
  SplitAt(std::function<bool(char32_t)> predicate, SplitBehavior behavior)
      : predicate_(std::move(predicate)), behavior_(behavior) {}

  void apply(Pieces& pieces, MatchScratch&) const override {
    pieces.split_at(predicate_, behavior_);
  }

 private:
  std::function<bool(char32_t)> predicate_;
  SplitBehavior behavior_;
};

// Keeps runs of word characters, and runs of what is neither that nor white space.
class Whitespace final : public PreTokenizer {
 public:
  void apply(Pieces& pieces, MatchScratch&) const override {
    pieces.split(find, SplitBehavior::removed, Pieces::Subject::as_is);
  }

 private:
  enum class Kind { space, word, other };

  static Kind kind_of(char32_t c) {
    return is_word(c) ? Kind::word : is_white_space(c) ? Kind::space : Kind::other;
  }

  static void find(std::string_view subject, std::vector<Match>& out) {
    out.clear();
    for (std::size_t position = 0; position < subject.size();) {
      const std::size_t begin = position;
      const Kind kind = kind_of(next_code_point(subject, position));
      for (std::size_t next = position; next < subject.size(); position = next) {
        if (kind_of(next_code_point(subject, next)) != kind) {
          break;
        }
      }
      out.push_back({begin, position, kind == Kind::space});
    }
  }
};

SplitBehavior read_behavior(const Fields& fields) {
  const std::string name = fields.string("behavior");
  if (name == "Removed") {
    return SplitBehavior::removed;
  }
  if (name == "Isolated") {
    return SplitBehavior::isolated;
  }
  if (name == "MergedWithPrevious") {
    return SplitBehavior::merged_with_previous;
  }
  if (name == "MergedWithNext") {
    return SplitBehavior::merged_with_next;
  }
  if (name == "Contiguous") {
    return SplitBehavior::contiguous;
  }
  fields.fail("behavior",
              "\"" + name +
                  "\": not supported; supported: Removed, Isolated, MergedWithPrevious, "
                  "MergedWithNext, Contiguous");
}

std::unique_ptr<PreTokenizer> read_one(const Fields& fields, const std::string& type) {
  if (type == "ByteLevel") {
    fields.boolean("trim_offsets");  // for offsets only; must be there all the same
    return std::make_unique<ByteLevel>(fields.boolean("add_prefix_space"),
                                       fields.boolean_or("use_regex", true));
  }
  if (type == "Split") {
    return std::make_unique<Split>(read_pattern(fields, "pattern"), read_behavior(fields),
                                   fields.boolean("invert"));
  }
  if (type == "Digits") {
    return std::make_unique<SplitAt>(is_numeric, fields.boolean("individual_digits")
                                                     ? SplitBehavior::isolated
                                                     : SplitBehavior::contiguous);
  }
  if (type == "Metaspace") {
    return std::make_unique<Metaspace>(fields.character("replacement"), read_prepend_scheme(fields),
                                       fields.boolean_or("split", true));
  }
  if (type == "Whitespace") {
    return std::make_unique<Whitespace>();
  }
  if (type == "WhitespaceSplit") {
    return std::make_unique<SplitAt>(is_white_space, SplitBehavior::removed);
  }
  if (type == "Punctuation") {
    return std::make_unique<SplitAt>(
        is_punctuation, fields.has("behavior") ? read_behavior(fields) : SplitBehavior::isolated);
  }
  if (type == "CharDelimiterSplit") {
    const char32_t delimiter = fields.character("delimiter");
    return std::make_unique<SplitAt>([delimiter](char32_t c) { return c == delimiter; },
                                     SplitBehavior::removed);
  }
  fields.fail("pre_tokenizer type \"" + type +
              "\": not supported; supported: Sequence, ByteLevel, Split, Digits, Metaspace, "
              "Whitespace, WhitespaceSplit, Punctuation, CharDelimiterSplit");
}

void read_into(const Fields& fields, std::vector<std::unique_ptr<PreTokenizer>>& out) {
  const std::string type = fields.string("type");
  if (type != "Sequence") {
    out.push_back(read_one(fields, type));
    return;
  }
  for (const Fields& part : fields.objects("pretokenizers")) {
    read_into(part, out);
  }
}

}  // namespace

std::vector<std::unique_ptr<PreTokenizer>> read_pre_tokenizers(const Fields& fields) {
  std::vector<std::unique_ptr<PreTokenizer>> pre_tokenizers;
  read_into(fields, pre_tokenizers);
  return pre_tokenizers;
}

PrependScheme read_prepend_scheme(const Fields& fields) {
  PrependScheme scheme = PrependScheme::always;
  if (const auto name = fields.maybe_string("prepend_scheme")) {
    if (*name == "first") {
      scheme = PrependScheme::first;
    } else if (*name == "never") {
      scheme = PrependScheme::never;
    } else if (*name != "always") {
      fields.fail("prepend_scheme",
                  "\"" + *name + "\": not supported; supported: first, never, always");
    }
  }
  if (!fields.boolean_or("add_prefix_space", true) && scheme != PrependScheme::never) {
    fields.fail("add_prefix_space", "contradicts prepend_scheme");
  }
  return scheme;
}

}  // namespace souvenir::tokenizing
