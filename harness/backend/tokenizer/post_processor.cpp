#include "harness/backend/tokenizer/post_processor.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "harness/backend/tokenizer/byte_level.h"
#include "harness/backend/tokenizer/unicode.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/backend/tokenizer/vocabulary.h"

namespace souvenir::tokenizing {

namespace {

PlacedToken special_token(TokenId id) {
  PlacedToken token;
  token.id = id;
  token.added = true;
  return token;
}

// Moves the offsets of a token over the white space it begins and ends with. The reference counts
// characters of the token's spelling, and takes as many characters of the text.
void trim(std::string_view text, bool add_prefix_space, bool first, PlacedToken& token) {
  std::uint32_t leading = token.leading;
  if (leading == 1 && add_prefix_space && (first || token.begin == 0)) {
    leading = 0;  // the one that was added
  }
  for (; leading > 0 && token.begin < token.end; --leading) {
    token.begin = static_cast<std::uint32_t>(character_end(text, token.begin + 1));
  }
  token.begin = std::min(token.begin, token.end);
  std::uint32_t end = token.end;
  for (std::uint32_t left = token.trailing; left > 0; --left) {
    if (end == 0) {
      return;  // fewer characters before it than it should lose: it keeps them all
    }
    end = static_cast<std::uint32_t>(character_begin(text, end - 1));
  }
  token.end = std::max(end, token.begin);
}

void trim_all(std::string_view text, bool add_prefix_space, std::vector<PlacedToken>& tokens) {
  bool first = true;
  for (PlacedToken& token : tokens) {
    if (!token.added) {
      trim(text, add_prefix_space, first, token);
    }
    first = false;
  }
}

class ByteLevelOffsets final : public PostProcessor {
 public:
  ByteLevelOffsets(bool trim_offsets, bool add_prefix_space)
      : trim_offsets_(trim_offsets), add_prefix_space_(add_prefix_space) {}

  void apply(std::string_view text, bool, std::vector<PlacedToken>& tokens) const override {
    if (trim_offsets_) {
      trim_all(text, add_prefix_space_, tokens);
    }
  }
  bool trims() const override { return trim_offsets_; }

 private:
  bool trim_offsets_;
  bool add_prefix_space_;
};

// Bert, and Roberta, which trims as well: one token in front, one behind.
class Enclosing final : public PostProcessor {
 public:
  Enclosing(TokenId front, TokenId back, ByteLevelOffsets offsets)
      : front_(front), back_(back), offsets_(std::move(offsets)) {}

  void apply(std::string_view text, bool add_special_tokens,
             std::vector<PlacedToken>& tokens) const override {
    offsets_.apply(text, add_special_tokens, tokens);
    if (add_special_tokens) {
      tokens.insert(tokens.begin(), special_token(front_));
      tokens.push_back(special_token(back_));
    }
  }
  bool trims() const override { return offsets_.trims(); }
  std::vector<TokenId> added_ids() const override { return {front_, back_}; }

 private:
  TokenId front_;
  TokenId back_;
  ByteLevelOffsets offsets_;
};

class Template final : public PostProcessor {
 public:
  // Either the text, or ids.
  using Part = std::optional<std::vector<TokenId>>;

  explicit Template(std::vector<Part> parts) : parts_(std::move(parts)) {}

  void apply(std::string_view, bool add_special_tokens,
             std::vector<PlacedToken>& tokens) const override {
    std::vector<PlacedToken> result;
    result.reserve(tokens.size() + parts_.size());
    for (const Part& part : parts_) {
      if (!part) {
        result.insert(result.end(), tokens.begin(), tokens.end());
      } else if (add_special_tokens) {
        for (const TokenId id : *part) {
          result.push_back(special_token(id));
        }
      }
    }
    tokens = std::move(result);
  }

  std::vector<TokenId> added_ids() const override {
    std::vector<TokenId> ids;
    for (const Part& part : parts_) {
      if (part) {
        ids.insert(ids.end(), part->begin(), part->end());
      }
    }
    return ids;
  }

 private:
  std::vector<Part> parts_;
};

TokenId checked_id(const Fields& fields, std::string_view name, const nlohmann::json& value) {
  if (!value.is_number_unsigned() ||
      value.get<std::uint64_t>() >= static_cast<std::uint64_t>(kMostIds)) {
    fields.fail(name, "expected a token id");
  }
  return value.get<TokenId>();
}

// Reads ["[SEP]", 102].
TokenId read_named_id(const Fields& fields, std::string_view name) {
  const nlohmann::json& pair = fields.array(name);
  if (pair.size() != 2 || !pair[0].is_string()) {
    fields.fail(name, "expected a token and its id");
  }
  return checked_id(fields, name, pair[1]);
}

std::vector<TokenId> read_special_ids(const Fields& special_tokens, const std::string& name) {
  const Fields special = special_tokens.object(name);
  std::vector<TokenId> ids;
  for (const nlohmann::json& id : special.array("ids")) {
    ids.push_back(checked_id(special, "ids", id));
  }
  return ids;
}

std::unique_ptr<PostProcessor> read_template(const Fields& fields) {
  const Fields special_tokens = fields.object("special_tokens");
  std::vector<Template::Part> parts;
  for (const Fields& piece : fields.objects("single")) {
    if (piece.has("SpecialToken")) {
      parts.emplace_back(
          read_special_ids(special_tokens, piece.object("SpecialToken").string("id")));
    } else if (piece.has("Sequence")) {
      if (piece.object("Sequence").string("id") != "A") {
        piece.fail("Sequence", "expected sequence A in the template of a single text");
      }
      parts.emplace_back(std::nullopt);
    } else {
      piece.fail("expected a SpecialToken or a Sequence");
    }
  }
  return std::make_unique<Template>(std::move(parts));
}

void read_into(const Fields& fields, std::vector<std::unique_ptr<PostProcessor>>& out) {
  const std::string type = fields.string("type");
  if (type == "Sequence") {
    for (const Fields& part : fields.objects("processors")) {
      read_into(part, out);
    }
  } else if (type == "ByteLevel") {
    out.push_back(std::make_unique<ByteLevelOffsets>(fields.boolean("trim_offsets"),
                                                     fields.boolean("add_prefix_space")));
  } else if (type == "TemplateProcessing") {
    out.push_back(read_template(fields));
  } else if (type == "BertProcessing") {
    out.push_back(std::make_unique<Enclosing>(read_named_id(fields, "cls"),
                                              read_named_id(fields, "sep"),
                                              ByteLevelOffsets(false, false)));
  } else if (type == "RobertaProcessing") {
    out.push_back(std::make_unique<Enclosing>(
        read_named_id(fields, "cls"), read_named_id(fields, "sep"),
        ByteLevelOffsets(fields.boolean("trim_offsets"), fields.boolean("add_prefix_space"))));
  } else {
    fields.fail("post_processor type \"" + type +
                "\": not supported; supported: Sequence, ByteLevel, TemplateProcessing, "
                "BertProcessing, RobertaProcessing");
  }
}

}  // namespace

std::vector<std::unique_ptr<PostProcessor>> read_post_processors(const Fields& fields) {
  std::vector<std::unique_ptr<PostProcessor>> processors;
  read_into(fields, processors);
  return processors;
}

void count_space(std::string_view spelling, PlacedToken& token) {
  const auto is_space = [](char32_t c) { return c == byte_character(' ') || is_white_space(c); };
  constexpr std::uint16_t kMost = std::numeric_limits<std::uint16_t>::max();
  token.leading = 0;
  token.trailing = 0;
  bool only_space = true;
  for (std::size_t position = 0; position < spelling.size();) {
    if (!is_space(next_code_point(spelling, position))) {
      only_space = false;
      token.trailing = 0;
      continue;
    }
    if (only_space && token.leading < kMost) {
      ++token.leading;
    }
    if (token.trailing < kMost) {
      ++token.trailing;
    }
  }
}

}  // namespace souvenir::tokenizing
