#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/merge_table.h"
#include "harness/backend/tokenizer/model.h"
#include "harness/backend/tokenizer/piece_cache.h"

namespace souvenir::tokenizing {

// The options of a byte-pair encoding (tokenizer.json, "model").
struct BpeOptions {
  std::optional<std::string> unk_token;
  std::string continuing_subword_prefix;
  std::string end_of_word_suffix;
  bool fuse_unk = false;
  bool byte_fallback = false;
  bool ignore_merges = false;
};

// One line of the merge list. Borrows. Its place in the list is its rank, unless it says another.
struct MergePair {
  std::string_view left;
  std::string_view right;
  std::optional<std::uint32_t> rank = std::nullopt;
};

// Byte-pair encoding: a piece is cut into characters, and neighbours are merged by rank, leftmost
// first. Remembers pieces it met. Immutable otherwise; const methods are safe from any thread.
//
// Cost  O(n log n) in the length of a piece
class Bpe final : public Model {
 public:
  // Errors  input: a merge whose parts or product are not in the vocabulary
  Bpe(Vocabulary vocabulary, std::span<const MergePair> merges, BpeOptions options);

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override;
  bool takes_bytes() const override { return takes_bytes_; }
  void tokenize_bytes(std::string_view piece, std::vector<ModelToken>& out) const override;

 private:
  void add_merges(std::span<const MergePair> merges);
  void index_characters();
  TokenId character_id(char32_t c) const;
  void tokenize_part(std::string_view part, std::vector<ModelToken>& out) const;
  void add_symbols(std::string_view part, std::vector<ModelToken>& symbols) const;
  TokenId decorated_id(std::string_view character, bool first, bool last,
                       std::string& spelling) const;
  bool add_byte_tokens(std::string_view spelling, std::vector<ModelToken>& symbols) const;
  TokenId unknown_id() const;
  void merge(std::vector<ModelToken>& symbols) const;
  void merge_few(std::vector<ModelToken>& symbols) const;
  void merge_many(std::vector<ModelToken>& symbols) const;

  Vocabulary vocabulary_;
  BpeOptions options_;
  MergeTable merges_;
  bool plain_ = true;         // no prefix, no suffix
  bool cut_at_space_ = true;  // no merge crosses from another character into U+2581
  bool takes_bytes_ = false;
  std::vector<TokenId> characters_;             // by code point below U+10000, -1: none
  std::array<TokenId, 256> byte_characters_{};  // of the byte-level alphabet
  std::array<TokenId, 256> byte_tokens_{};      // "<0x00>" to "<0xFF>"
  mutable PieceCache cache_;
};

}  // namespace souvenir::tokenizing
