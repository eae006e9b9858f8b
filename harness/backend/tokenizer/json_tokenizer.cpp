#include "harness/backend/tokenizer/json_tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "harness/backend/tokenizer/added_tokens.h"
#include "harness/backend/tokenizer/added_tokens_reader.h"
#include "harness/backend/tokenizer/aligned_text.h"
#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/model_reader.h"
#include "harness/backend/tokenizer/normalizer.h"
#include "harness/backend/tokenizer/pieces.h"
#include "harness/backend/tokenizer/post_processor.h"
#include "harness/backend/tokenizer/pre_tokenizer.h"
#include "harness/backend/tokenizer/token_decoder.h"
#include "harness/backend/tokenizer/tokenizer_file.h"
#include "harness/backend/tokenizer/unicode.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

template <typename Step>
using Steps = std::vector<std::unique_ptr<Step>>;

class JsonTokenizer final : public Tokenizer {
 public:
  JsonTokenizer(TokenizerParts parts, const TokenizerConfig& config)
      : file_(std::move(parts.origin.file)), model_(std::move(parts.model.model)) {
    const Fields fields(parts.steps, file_ + ": ");
    if (fields.has("normalizer")) {
      normalizers_ = read_normalizers(fields.object("normalizer"));
    }
    if (fields.has("pre_tokenizer")) {
      pre_tokenizers_ = read_pre_tokenizers(fields.object("pre_tokenizer"));
    }
    if (fields.has("post_processor")) {
      post_processors_ = read_post_processors(fields.object("post_processor"));
    }
    if (fields.has("decoder")) {
      decoders_ = read_token_decoders(fields.object("decoder"));
      has_decoder_ = true;
    }
    take_added(std::move(parts.added));
    check_added_ids();
    measure_spellings();
    info_.kind = parts.origin.kind.empty() ? file_ + " " + parts.model.kind : parts.origin.kind;
    info_.prepended_source = parts.origin.prepended_source.empty() ? file_ + ": post_processor"
                                                                   : parts.origin.prepended_source;
    info_.vocabulary = static_cast<std::int64_t>(id_limit_);
    info_.base_vocabulary = static_cast<std::int64_t>(model_->vocabulary().id_limit());
    info_.unicode_version = unicode_versions();
    info_.files = config.files;
    const auto find = [this](std::string_view content) { return find_stated_id(content); };
    info_.bos_id = resolve(config.bos, find, id_limit_);
    info_.eos_id = resolve(config.eos, find, id_limit_);
    find_prepended();
  }

  const TokenizerInfo& info() const override { return info_; }

  Encoding encode(std::string_view text, bool add_special_tokens) const override {
    check_text(text);
    std::vector<PlacedToken> tokens;
    tokens.reserve(text.size() / 3);
    MatchScratch scratch;
    for (const Stretch& stretch : added_.cut_raw(text)) {
      if (stretch.token != nullptr) {
        add_token(
            *stretch.token, text.substr(stretch.begin, stretch.end - stretch.begin),
            {static_cast<std::uint32_t>(stretch.begin), static_cast<std::uint32_t>(stretch.end)},
            tokens);
      } else {
        encode_stretch(text, stretch, scratch, tokens);
      }
    }
    for (const auto& processor : post_processors_) {
      processor->apply(text, add_special_tokens, tokens);
    }
    return to_encoding(text, tokens);
  }

  std::string decode(std::span<const TokenId> ids) const override {
    std::vector<std::string> tokens;
    tokens.reserve(ids.size());
    for (const TokenId id : ids) {
      if (const std::string* added = added_.decoded(id)) {
        tokens.push_back(*added);
      } else if (model_->vocabulary().has(id)) {
        tokens.emplace_back(model_->vocabulary().token(id));
      } else {
        throw Error(ErrorKind::input, "token id " + std::to_string(id) +
                                          " is not in the vocabulary of " +
                                          std::to_string(id_limit_) + " ids");
      }
    }
    MatchScratch scratch;
    for (const auto& decoder : decoders_) {
      decoder->apply(tokens, scratch);
    }
    std::string text;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      text += i > 0 && !has_decoder_ ? " " : "";
      text += tokens[i];
    }
    return text;
  }

  std::int64_t count_special(std::string_view text) const override {
    check_text(text);
    std::int64_t count = 0;
    MatchScratch scratch;
    const auto count_one = [&](const Stretch& stretch) {
      count += stretch.token != nullptr && stretch.token->special ? 1 : 0;
    };
    for (const Stretch& stretch : added_.cut_raw(text)) {
      count_one(stretch);
      if (stretch.token == nullptr && added_.any_normalized()) {
        AlignedText aligned(text, stretch.begin, stretch.end);
        normalize_text(aligned, scratch);
        for (const Stretch& inner : added_.cut_normalized(aligned.text())) {
          count_one(inner);
        }
      }
    }
    return count;
  }

 private:
  static void check_text(std::string_view text) {
    if (text.size() >= std::numeric_limits<std::uint32_t>::max()) {
      throw Error(ErrorKind::input,
                  "text: " + std::to_string(text.size()) + " bytes, expected less than 4 GiB");
    }
    if (const auto offset = first_invalid_utf8(text)) {
      throw Error(ErrorKind::input, "text: not valid UTF-8 at byte " + std::to_string(*offset));
    }
  }

  void normalize_text(AlignedText& text, MatchScratch& scratch) const {
    for (const auto& normalizer : normalizers_) {
      normalizer->apply(text, scratch);
    }
  }

  void take_added(std::vector<AddedToken> tokens);
  void check_added_ids() const;
  // No text begins with a token that no file gives an id to: the model may have no row for it.
  std::optional<TokenId> find_stated_id(std::string_view content) const {
    const AddedToken* added = added_.find(content);
    if (added == nullptr) return model_->vocabulary().find(content);
    return added->stated ? std::optional(added->id) : std::nullopt;
  }
  void measure_spellings();
  void find_prepended();
  void encode_stretch(std::string_view text, const Stretch& stretch, MatchScratch& scratch,
                      std::vector<PlacedToken>& tokens) const;
  void encode_piece(const Pieces& pieces, const Pieces::Piece& piece, bool bytes,
                    std::vector<ModelToken>& model_tokens, std::vector<PlacedToken>& tokens) const;
  void add_token(const AddedToken& token, std::string_view spelling, Extent extent,
                 std::vector<PlacedToken>& tokens) const;
  static Encoding to_encoding(std::string_view text, const std::vector<PlacedToken>& tokens);

  struct Spaces {
    std::uint16_t leading = 0;
    std::uint16_t trailing = 0;
  };

  TokenizerInfo info_;
  std::string file_;
  std::unique_ptr<Model> model_;
  Steps<Normalizer> normalizers_;
  Steps<PreTokenizer> pre_tokenizers_;
  Steps<PostProcessor> post_processors_;
  Steps<TokenDecoder> decoders_;
  bool has_decoder_ = false;
  AddedTokens added_;
  std::vector<Spaces> spaces_;  // by id, if offsets are trimmed
  std::size_t id_limit_ = 0;
};

void JsonTokenizer::take_added(std::vector<AddedToken> tokens) {
  id_limit_ = model_->vocabulary().id_limit();
  std::vector<std::string> normal_forms;
  MatchScratch scratch;
  for (const AddedToken& token : tokens) {
    id_limit_ = std::max(id_limit_, static_cast<std::size_t>(token.id) + 1);
    AlignedText form(token.content, 0, token.content.size());
    normalize_text(form, scratch);
    normal_forms.emplace_back(form.text());
  }
  try {
    added_.build(std::move(tokens), std::move(normal_forms));
  } catch (const Error& error) {
    throw Error(error.kind(), file_ + ": " + error.what());
  }
}

void JsonTokenizer::check_added_ids() const {
  for (const auto& processor : post_processors_) {
    for (const TokenId id : processor->added_ids()) {
      if (!model_->vocabulary().has(id) && added_.decoded(id) == nullptr) {
        throw Error(ErrorKind::input, file_ + ": /post_processor: token id " + std::to_string(id) +
                                          " is not in the vocabulary");
      }
    }
  }
}

void JsonTokenizer::measure_spellings() {
  if (std::none_of(post_processors_.begin(), post_processors_.end(),
                   [](const auto& processor) { return processor->trims(); })) {
    return;
  }
  const Vocabulary& vocabulary = model_->vocabulary();
  spaces_.resize(vocabulary.id_limit());
  for (std::size_t i = 0; i < spaces_.size(); ++i) {
    if (vocabulary.has(static_cast<TokenId>(i))) {
      PlacedToken token;
      count_space(vocabulary.token(static_cast<TokenId>(i)), token);
      spaces_[i] = {token.leading, token.trailing};
    }
  }
}

void JsonTokenizer::find_prepended() {
  std::vector<PlacedToken> tokens(1);
  for (const auto& processor : post_processors_) {
    processor->apply("", true, tokens);
  }
  const auto text = std::find_if(tokens.begin(), tokens.end(),
                                 [](const PlacedToken& token) { return !token.added; });
  for (auto token = tokens.begin(); text != tokens.end() && token != text; ++token) {
    info_.prepended_ids.push_back(token->id);
  }
}

void JsonTokenizer::encode_stretch(std::string_view text, const Stretch& stretch,
                                   MatchScratch& scratch, std::vector<PlacedToken>& tokens) const {
  AlignedText aligned(text, stretch.begin, stretch.end);
  normalize_text(aligned, scratch);
  Pieces pieces(aligned);
  if (added_.any_normalized()) {
    for (const Stretch& inner : added_.cut_normalized(aligned.text())) {
      pieces.add(inner);
    }
  } else {
    pieces.add({0, aligned.size(), nullptr});
  }
  for (const auto& pre_tokenizer : pre_tokenizers_) {
    pre_tokenizer->apply(pieces, scratch);
  }
  const bool bytes = pieces.bytes_unspelled() && model_->takes_bytes();
  if (!bytes) {
    pieces.apply_spelling();
  }
  std::vector<ModelToken> model_tokens;
  for (const Pieces::Piece& piece : pieces.pieces()) {
    if (piece.token != nullptr) {
      add_token(*piece.token, pieces.view(piece), aligned.extent(piece.begin, piece.end), tokens);
    } else {
      encode_piece(pieces, piece, bytes, model_tokens, tokens);
    }
  }
}

void JsonTokenizer::encode_piece(const Pieces& pieces, const Pieces::Piece& piece, bool bytes,
                                 std::vector<ModelToken>& model_tokens,
                                 std::vector<PlacedToken>& tokens) const {
  model_tokens.clear();
  if (bytes) {
    model_->tokenize_bytes(pieces.view(piece), model_tokens);
  } else {
    model_->tokenize(pieces.view(piece), model_tokens);
  }
  std::size_t begin = piece.begin;
  for (const ModelToken& model_token : model_tokens) {
    // Sizes can add up to more than the piece where the model decorates characters.
    const std::size_t end = std::min(begin + model_token.size, piece.end);
    begin = std::min(begin, end - 1);
    const Extent extent = pieces.text().extent(begin, end);
    PlacedToken& token = tokens.emplace_back();
    token.id = model_token.id;
    token.begin = extent.begin;
    token.end = extent.end;
    token.text_end = extent.end;
    if (!spaces_.empty() && token.id == model_->spelled_unknown()) {
      count_space(pieces.text().text().substr(begin, end - begin), token);
    } else if (!spaces_.empty()) {
      token.leading = spaces_[static_cast<std::size_t>(token.id)].leading;
      token.trailing = spaces_[static_cast<std::size_t>(token.id)].trailing;
    }
    begin = model_token.stays ? begin : end;
  }
}

void JsonTokenizer::add_token(const AddedToken& added, std::string_view spelling, Extent extent,
                              std::vector<PlacedToken>& tokens) const {
  PlacedToken& token = tokens.emplace_back();
  token.id = added.id;
  token.begin = extent.begin;
  token.end = extent.end;
  token.text_end = extent.end;
  if (!spaces_.empty()) {
    count_space(spelling, token);
  }
}

Encoding JsonTokenizer::to_encoding(std::string_view text, const std::vector<PlacedToken>& tokens) {
  Encoding encoding;
  encoding.ids.reserve(tokens.size());
  encoding.offsets.reserve(tokens.size());
  encoding.ends.reserve(tokens.size());
  bool behind = false;  // the text, or part of it
  for (const PlacedToken& token : tokens) {
    behind = behind || !token.added;
    encoding.ids.push_back(token.id);
    encoding.offsets.push_back({token.begin, token.end});
    encoding.ends.push_back(token.added ? (behind ? text.size() : 0) : token.text_end);
  }
  return encoding;
}

}  // namespace

std::unique_ptr<Tokenizer> make_json_tokenizer(std::string_view bytes,
                                               const TokenizerConfig& config,
                                               TokenizerOrigin origin) {
  ModelTables tables;
  nlohmann::json root = parse_tokenizer_json(bytes, tables);
  TokenizerParts parts;
  parts.origin = std::move(origin);
  const Fields fields(root, parts.origin.file + ": ");
  const auto version = fields.maybe_string("version");
  if (version && *version != "1.0") {
    fields.fail("version", "\"" + *version + "\": not supported; supported: 1.0");
  }
  parts.model = read_model(fields.object("model"), tables);
  parts.added = read_added_tokens(fields, parts.model.model->vocabulary(), config);
  parts.steps = std::move(root);
  return assemble_tokenizer(std::move(parts), config);
}

std::unique_ptr<Tokenizer> assemble_tokenizer(TokenizerParts parts, const TokenizerConfig& config) {
  return std::make_unique<JsonTokenizer>(std::move(parts), config);
}

}  // namespace souvenir::tokenizing
