#include "harness/backend/tokenizer/normalizer.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "harness/backend/tokenizer/normal_form.h"
#include "harness/backend/tokenizer/precompiled.h"
#include "harness/backend/tokenizer/unicode.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

class Form final : public Normalizer {
 public:
  explicit Form(NormalForm form) : form_(form) {}
  void apply(AlignedText& text, MatchScratch&) const override { normalize(text, form_); }

 private:
  NormalForm form_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string content) : content_(std::move(content)) {}
  void apply(AlignedText& text, MatchScratch&) const override { text.prepend(content_); }

 private:
  std::string content_;
};

class Replace final : public Normalizer {
 public:
  Replace(Pattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(AlignedText& text, MatchScratch& scratch) const override {
    const auto other = pattern_.wants_stand_ins() ? with_stand_ins(text.text()) : std::nullopt;
    pattern_.find(other ? std::string_view(*other) : text.text(), scratch, scratch.matches);
    if (!content_.empty() && scratch.matches[0].matched && scratch.matches[0].end == 0) {
      // What is inserted there comes from nowhere, and the reference library goes on to double it.
      throw Error(
          ErrorKind::input,
          "tokenizer.json: a Replace that inserts at the very start of a text: not supported");
    }
    text.replace(scratch.matches, content_);
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class Strip final : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void apply(AlignedText& text, MatchScratch&) const override {
    const std::string_view all = text.text();
    std::size_t begin = 0;
    std::size_t end = left_ ? all.size() : 0;
    while (begin < end) {
      std::size_t next = begin;
      if (!is_white_space(next_code_point(all, next))) {
        break;
      }
      begin = next;
    }
    end = all.size();
    while (right_ && end > begin) {
      const std::size_t last = character_begin(all, end - 1);
      std::size_t at = last;
      if (!is_white_space(next_code_point(all, at))) {
        break;
      }
      end = last;
    }
    if (begin > 0 || end < all.size()) {
      text.keep(begin, end);
    }
  }

 private:
  bool left_;
  bool right_;
};

class Lowercase final : public Normalizer {
 public:
  void apply(AlignedText& text, MatchScratch&) const override {
    const std::string_view all = text.text();
    Rewriter rewriter(text);
    for (std::size_t position = 0; position < all.size();) {
      const LowerCase lower = lower_case(next_code_point(all, position));
      rewriter.emit(lower.first, 0);
      if (lower.second) {
        rewriter.emit(*lower.second, 1);
      }
    }
    rewriter.finish();
  }
};

// Drops characters, and changes others, one by one.
class Map final : public Normalizer {
 public:
  using Function = std::optional<char32_t> (*)(char32_t);
  explicit Map(Function function) : function_(function) {}

  void apply(AlignedText& text, MatchScratch&) const override {
    const std::string_view all = text.text();
    Rewriter rewriter(text);
    for (std::size_t position = 0; position < all.size();) {
      rewriter.seek(position);
      if (const auto now = function_(next_code_point(all, position))) {
        rewriter.emit(*now, 0);
      }
    }
    rewriter.finish();
  }

 private:
  Function function_;
};

std::optional<char32_t> without_accents(char32_t c) {
  return is_mark(c) ? std::nullopt : std::optional(c);
}

// As in neural machine translation: no control characters, and one kind of space.
std::optional<char32_t> nmt(char32_t c) {
  if ((c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F ||
      c == 0x9F) {
    return std::nullopt;
  }
  const bool is_space = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
                        (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                        c == 0xFEFF || c == 0xFFFD;
  return is_space ? U' ' : c;
}

std::optional<NormalForm> form_of(std::string_view type) {
  if (type == "NFC") {
    return NormalForm::nfc;
  }
  if (type == "NFD") {
    return NormalForm::nfd;
  }
  if (type == "NFKC") {
    return NormalForm::nfkc;
  }
  if (type == "NFKD") {
    return NormalForm::nfkd;
  }
  return std::nullopt;
}

void read_into(const Fields& fields, std::vector<std::unique_ptr<Normalizer>>& out) {
  const std::string type = fields.string("type");
  if (type == "Sequence") {
    for (const Fields& part : fields.objects("normalizers")) {
      read_into(part, out);
    }
  } else if (const auto form = form_of(type)) {
    out.push_back(std::make_unique<Form>(*form));
  } else if (type == "Prepend") {
    out.push_back(std::make_unique<Prepend>(fields.string("prepend")));
  } else if (type == "Replace") {
    out.push_back(
        std::make_unique<Replace>(read_pattern(fields, "pattern"), fields.string("content")));
  } else if (type == "Strip") {
    out.push_back(
        std::make_unique<Strip>(fields.boolean("strip_left"), fields.boolean("strip_right")));
  } else if (type == "Lowercase") {
    out.push_back(std::make_unique<Lowercase>());
  } else if (type == "StripAccents") {
    out.push_back(std::make_unique<Map>(without_accents));
  } else if (type == "Nmt") {
    out.push_back(std::make_unique<Map>(nmt));
  } else if (type == "Precompiled") {
    out.push_back(read_precompiled(fields));
  } else {
    fields.fail("normalizer type \"" + type +
                "\": not supported; supported: Sequence, NFC, NFD, NFKC, NFKD, Prepend, Replace, "
                "Strip, Lowercase, StripAccents, Nmt, Precompiled");
  }
}

}  // namespace

std::vector<std::unique_ptr<Normalizer>> read_normalizers(const Fields& fields) {
  std::vector<std::unique_ptr<Normalizer>> normalizers;
  read_into(fields, normalizers);
  return normalizers;
}

Pattern read_pattern(const Fields& fields, std::string_view name) {
  const Fields pattern = fields.object(name);
  if (pattern.has("String")) {
    return Pattern::literal(pattern.string("String"));
  }
  if (!pattern.has("Regex")) {
    pattern.fail("expected {\"String\": …} or {\"Regex\": …}");
  }
  try {
    return Pattern::regex(pattern.string("Regex"));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::input) {
      pattern.fail("Regex", error.what());
    }
    throw;
  }
}

}  // namespace souvenir::tokenizing
