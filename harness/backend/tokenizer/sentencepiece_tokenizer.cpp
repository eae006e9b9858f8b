#include "harness/backend/tokenizer/sentencepiece_tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <sentencepiece_processor.h>
#pragma GCC diagnostic pop

#include "harness/backend/tokenizer/unicode.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/backend/tokenizer/vocabulary.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

using sentencepiece::SentencePieceProcessor;

constexpr const char* kSentencePieceFile = "tokenizer.model";

// A field "normalizer_spec { add_dummy_prefix: false }" behind a serialised model overrides the one
// within it: so protocol buffers are defined.
constexpr std::string_view kNoDummyPrefix("\x1A\x02\x18\x00", 4);

void load(SentencePieceProcessor& processor, std::string_view bytes) {
  const auto status = processor.LoadFromSerializedProto(bytes);
  if (!status.ok()) {
    throw Error(ErrorKind::input, kSentencePieceFile + std::string(": not a SentencePiece model"));
  }
}

std::string kind_of(const SentencePieceProcessor& processor) {
  // The library does not tell, but only byte-pair models score their pieces by rank: 0, -1, -2, …
  int ranked = 0;
  int normal = 0;
  for (int id = 0; id < processor.GetPieceSize() && normal < 64; ++id) {
    if (!processor.IsControl(id) && !processor.IsUnknown(id) && !processor.IsByte(id)) {
      ++normal;
      ranked += processor.GetScore(id) == static_cast<float>(1 - normal) ? 1 : 0;
    }
  }
  return normal > 0 && 2 * ranked > normal ? "BPE" : "unigram";
}

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(std::string_view bytes, const TokenizerConfig& config)
      : legacy_(config.legacy) {
    load(marking_, bytes);
    if (!legacy_) {
      load(unmarking_, std::string(bytes).append(kNoDummyPrefix));
    }
    piece_count_ = static_cast<std::size_t>(marking_.GetPieceSize());
    id_limit_ = piece_count_;
    read_added_tokens(config);
    fill_info(config);
  }

  const TokenizerInfo& info() const override { return info_; }

  Encoding encode(std::string_view text, bool add_special_tokens) const override {
    check_text(text);
    Encoding encoding;
    const auto add = [&](TokenId id, std::size_t begin, std::size_t end, std::size_t text_end) {
      encoding.ids.push_back(id);
      encoding.offsets.push_back({begin, end});
      encoding.ends.push_back(text_end);
    };
    if (add_special_tokens && front_) {
      add(*front_, 0, 0, 0);
    }
    for (const Stretch& stretch : added_.cut_raw(text)) {
      if (stretch.token != nullptr) {
        add(stretch.token->id, stretch.begin, stretch.end, stretch.end);
        continue;
      }
      const SentencePieceProcessor& processor =
          legacy_ || stretch.begin == 0 ? marking_ : unmarking_;
      sentencepiece::ImmutableSentencePieceText pieces;
      const std::string_view part = text.substr(stretch.begin, stretch.end - stretch.begin);
      if (!processor.Encode(part, pieces.mutable_proto()).ok()) {
        throw Error(ErrorKind::input,
                    kSentencePieceFile + std::string(": the text cannot be encoded"));
      }
      for (std::size_t i = 0; i < pieces.pieces_size(); ++i) {
        const auto piece = pieces.pieces(static_cast<int>(i));
        add(static_cast<TokenId>(piece.id()), stretch.begin + piece.begin(),
            stretch.begin + piece.end(), stretch.begin + piece.end());
      }
    }
    if (add_special_tokens && back_) {
      add(*back_, 0, 0, text.size());
    }
    return encoding;
  }

  std::string decode(std::span<const TokenId> ids) const override {
    std::string text;
    std::vector<int> run;
    for (const TokenId id : ids) {
      if (const std::string* added = added_.decoded(id)) {
        decode_run(run, text);
        text += *added;
      } else if (id < 0 || static_cast<std::size_t>(id) >= piece_count_) {
        throw Error(ErrorKind::input, "token id " + std::to_string(id) +
                                          " is not in the vocabulary of " +
                                          std::to_string(id_limit_) + " ids");
      } else if (marking_.IsControl(id)) {
        decode_run(run, text);
        text += marking_.IdToPiece(id);
      } else {
        run.push_back(id);
      }
    }
    decode_run(run, text);
    return text;
  }

  std::int64_t count_special(std::string_view text) const override {
    check_text(text);
    const std::vector<Stretch> stretches = added_.cut_raw(text);
    return std::count_if(stretches.begin(), stretches.end(), [](const Stretch& stretch) {
      return stretch.token != nullptr && stretch.token->special;
    });
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

  std::optional<TokenId> find_piece(std::string_view content) const {
    const int id = marking_.PieceToId(content);
    return id >= 0 && marking_.IdToPiece(id) == content ? std::optional(id) : std::nullopt;
  }

  std::optional<TokenId> find_id(std::string_view content) const {
    const AddedToken* added = added_.find(content);
    return added != nullptr ? std::optional(added->id) : find_piece(content);
  }

  void read_added_tokens(const TokenizerConfig& config) {
    std::vector<AddedToken> tokens = config.added;
    for (AddedToken& token : tokens) {
      const auto piece = find_piece(token.content);
      const auto id = static_cast<std::size_t>(token.id);
      if ((piece && *piece != token.id) || (!piece && id < piece_count_)) {
        throw Error(ErrorKind::input,
                    kSentencePieceFile + std::string(": added token with id ") +
                        std::to_string(token.id) + ": the model has " +
                        (piece ? "it as id " + std::to_string(*piece) : "another token there"));
      }
      token.normalized = false;  // looked for in the text as it is
      token.special = token.special || is_named(config, token.content);
      id_limit_ = std::max(id_limit_, id + 1);
    }
    for (const AddedToken& special : config.specials) {
      const std::string& name = special.content;
      const bool known = std::any_of(tokens.begin(), tokens.end(), [&](const AddedToken& token) {
        return token.content == name;
      });
      const auto piece = find_piece(name);
      if (!known && piece) {
        tokens.push_back({.content = name, .id = *piece, .normalized = false, .special = true});
      }
    }
    std::vector<std::string> contents;
    for (const AddedToken& token : tokens) {
      contents.push_back(token.content);
    }
    added_.build(std::move(tokens), std::move(contents));
  }

  static bool is_named(const TokenizerConfig& config, const std::string& content) {
    return std::any_of(config.specials.begin(), config.specials.end(),
                       [&](const AddedToken& token) { return token.content == content; });
  }

  void fill_info(const TokenizerConfig& config) {
    const auto find = [this](std::string_view content) { return find_id(content); };
    info_.kind = "sentencepiece " + kind_of(marking_);
    info_.vocabulary = static_cast<std::int64_t>(id_limit_);
    info_.base_vocabulary = static_cast<std::int64_t>(piece_count_);
    info_.unicode_version = "SentencePiece's own normalisation";
    info_.files = config.files;
    info_.bos_id = resolve(config.bos, find, id_limit_);
    info_.eos_id = resolve(config.eos, find, id_limit_);
    if (!config.bos.named && marking_.bos_id() >= 0) {
      info_.bos_id = marking_.bos_id();
    }
    if (!config.eos.named && marking_.eos_id() >= 0) {
      info_.eos_id = marking_.eos_id();
    }
    info_.prepended_source = config.add_bos_token
                                 ? "tokenizer_config.json: add_bos_token"
                                 : "tokenizer.model: add_bos_token is not given, taken as true";
    if (config.add_bos_token.value_or(true) && info_.bos_id) {
      front_ = info_.bos_id;
      info_.prepended_ids = {*info_.bos_id};
    }
    if (config.add_eos_token.value_or(false)) {
      back_ = info_.eos_id;
    }
  }

  // Decodes pieces without special tokens among them, and forgets them.
  void decode_run(std::vector<int>& run, std::string& text) const {
    if (run.empty()) {
      return;
    }
    sentencepiece::ImmutableSentencePieceText pieces;
    if (!marking_.Decode(run, pieces.mutable_proto()).ok()) {
      throw Error(ErrorKind::input,
                  kSentencePieceFile + std::string(": the ids cannot be decoded"));
    }
    for (std::size_t i = 0; i < run.size(); ++i) {
      if (marking_.IsByte(run[i])) {  // the library would replace bytes that are not valid UTF-8
        const std::string& piece = marking_.IdToPiece(run[i]);
        text += static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16));
      } else {
        text += pieces.pieces(static_cast<int>(i)).surface();
      }
    }
    run.clear();
  }

  bool legacy_;
  SentencePieceProcessor marking_;
  SentencePieceProcessor unmarking_;  // without the mark in front; for what follows an added token
  std::size_t piece_count_ = 0;
  std::size_t id_limit_ = 0;
  AddedTokens added_;
  std::optional<TokenId> front_;
  std::optional<TokenId> back_;
  TokenizerInfo info_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_sentencepiece_tokenizer(std::string_view bytes,
                                                        const TokenizerConfig& config) {
  return std::make_unique<SentencePieceTokenizer>(bytes, config);
}

}  // namespace souvenir::tokenizing
