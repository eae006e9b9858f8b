#include "harness/backend/tokenizer/token_decoder.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/backend/tokenizer/byte_level.h"
#include "harness/backend/tokenizer/normalizer.h"
#include "harness/backend/tokenizer/pre_tokenizer.h"
#include "harness/backend/tokenizer/unicode.h"
#include "harness/backend/tokenizer/utf8.h"

namespace souvenir::tokenizing {

namespace {

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, done)) {
    out.append(text.substr(done, at - done)).append(to);
    done = at + from.size();
  }
  return out.append(text.substr(done));
}

std::string join(const std::vector<std::string>& tokens) {
  std::string all;
  for (const std::string& token : tokens) {
    all += token;
  }
  return all;
}

class ByteLevelDecoder final : public TokenDecoder {
 public:
  void apply(std::vector<std::string>& tokens, MatchScratch&) const override {
    std::string all;
    for (const std::string& token : tokens) {
      all += first_invalid_utf8(token) ? token : spelled_bytes(token);
    }
    tokens.assign(1, std::move(all));
  }
};

class FuseDecoder final : public TokenDecoder {
 public:
  void apply(std::vector<std::string>& tokens, MatchScratch&) const override {
    tokens.assign(1, join(tokens));
  }
};

// A run of byte tokens becomes one token.
class ByteFallbackDecoder final : public TokenDecoder {
 public:
  void apply(std::vector<std::string>& tokens, MatchScratch&) const override {
    std::vector<std::string> result;
    bool in_run = false;
    for (std::string& token : tokens) {
      const auto byte = byte_of(token);
      if (!byte) {
        result.push_back(std::move(token));
      } else if (in_run) {
        result.back() += *byte;
      } else {
        result.emplace_back(1, *byte);
      }
      in_run = byte.has_value();
    }
    tokens = std::move(result);
  }

 private:
  static std::optional<char> byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) {
      return std::nullopt;
    }
    // The reference's parser of numbers takes a sign for a digit's place.
    const std::string_view digits = token[3] == '+' ? token.substr(4, 1) : token.substr(3, 2);
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return std::nullopt;
    }
    return static_cast<char>(value);
  }
};

class ReplaceDecoder final : public TokenDecoder {
 public:
  ReplaceDecoder(Pattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(std::vector<std::string>& tokens, MatchScratch& scratch) const override {
    for (std::string& token : tokens) {
      token = replaced(token, scratch);
    }
  }

 private:
  // A regular expression sees the stretches of valid UTF-8 between the bytes that are not.
  std::string replaced(std::string_view token, MatchScratch& scratch) const {
    std::string out;
    while (true) {
      const auto invalid = pattern_.is_literal() ? std::nullopt : first_invalid_utf8(token);
      const std::string_view valid = token.substr(0, invalid.value_or(token.size()));
      const auto other = pattern_.wants_stand_ins() ? with_stand_ins(valid) : std::nullopt;
      pattern_.find(other ? std::string_view(*other) : valid, scratch, scratch.matches);
      for (const Match& match : scratch.matches) {
        out += match.matched ? std::string_view(content_)
                             : valid.substr(match.begin, match.end - match.begin);
      }
      if (!invalid) {
        return out;
      }
      out += token[*invalid];
      token.remove_prefix(*invalid + 1);
    }
  }

  Pattern pattern_;
  std::string content_;
};

class StripDecoder final : public TokenDecoder {
 public:
  StripDecoder(char32_t content, std::int64_t start, std::int64_t stop)
      : start_(start), stop_(stop) {
    append_utf8(content_, content);
  }

  void apply(std::vector<std::string>& tokens, MatchScratch&) const override {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (std::int64_t i = 0; i < start_ && rest.starts_with(content_); ++i) {
        rest.remove_prefix(content_.size());
      }
      for (std::int64_t i = 0; i < stop_ && rest.ends_with(content_); ++i) {
        rest.remove_suffix(content_.size());
      }
      token = std::string(rest);
    }
  }

 private:
  std::string content_;
  std::int64_t start_;
  std::int64_t stop_;
};

class MetaspaceDecoder final : public TokenDecoder {
 public:
  MetaspaceDecoder(char32_t replacement, PrependScheme scheme) : scheme_(scheme) {
    append_utf8(replacement_, replacement);
  }

  void apply(std::vector<std::string>& tokens, MatchScratch&) const override {
    bool first = scheme_ != PrependScheme::never;
    for (std::string& token : tokens) {
      token = replace_all(token, replacement_, first ? "" : " ");
      first = false;
    }
  }

 private:
  std::string replacement_;
  PrependScheme scheme_;
};

class SuffixDecoder final : public TokenDecoder {
 public:
  explicit SuffixDecoder(std::string suffix) : suffix_(std::move(suffix)) {}

  void apply(std::vector<std::string>& tokens, MatchScratch&) const override {
    for (std::size_t i = 0; i < tokens.size() && !suffix_.empty(); ++i) {
      tokens[i] = replace_all(tokens[i], suffix_, i + 1 == tokens.size() ? "" : " ");
    }
  }

 private:
  std::string suffix_;
};

std::unique_ptr<TokenDecoder> read_one(const Fields& fields, const std::string& type) {
  if (type == "ByteLevel") {
    return std::make_unique<ByteLevelDecoder>();
  }
  if (type == "Fuse") {
    return std::make_unique<FuseDecoder>();
  }
  if (type == "ByteFallback") {
    return std::make_unique<ByteFallbackDecoder>();
  }
  if (type == "Replace") {
    return std::make_unique<ReplaceDecoder>(read_pattern(fields, "pattern"),
                                            fields.string("content"));
  }
  if (type == "Strip") {
    return std::make_unique<StripDecoder>(fields.character("content"), fields.integer("start"),
                                          fields.integer("stop"));
  }
  if (type == "Metaspace") {
    return std::make_unique<MetaspaceDecoder>(fields.character("replacement"),
                                              read_prepend_scheme(fields));
  }
  if (type == "BPEDecoder") {
    return std::make_unique<SuffixDecoder>(fields.string("suffix"));
  }
  fields.fail("decoder type \"" + type +
              "\": not supported; supported: Sequence, ByteLevel, Replace, ByteFallback, Fuse, "
              "Strip, Metaspace, BPEDecoder");
}

void read_into(const Fields& fields, std::vector<std::unique_ptr<TokenDecoder>>& out) {
  const std::string type = fields.string("type");
  if (type != "Sequence") {
    out.push_back(read_one(fields, type));
    return;
  }
  for (const Fields& part : fields.objects("decoders")) {
    read_into(part, out);
  }
}

}  // namespace

std::vector<std::unique_ptr<TokenDecoder>> read_token_decoders(const Fields& fields) {
  std::vector<std::unique_ptr<TokenDecoder>> decoders;
  read_into(fields, decoders);
  return decoders;
}

}  // namespace souvenir::tokenizing
