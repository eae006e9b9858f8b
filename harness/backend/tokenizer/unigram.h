#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/byte_trie.h"
#include "harness/backend/tokenizer/model.h"
#include "harness/backend/tokenizer/piece_cache.h"

namespace souvenir::tokenizing {

struct UnigramOptions {
  std::optional<TokenId> unk_id;
  bool byte_fallback = false;
};

// Cuts a piece where the sum of the tokens' scores is largest (Viterbi). Immutable but for what it
// remembers; safe from any thread.
//
// Ties    the cut whose last token is the longest, at each place
// Cost    the piece's length times that of the longest token at worst
// Source  Kudo (2018), Subword Regularization; tokenizers' `Unigram`
class Unigram final : public Model {
 public:
  // `scores` has one for each id.
  //
  // Requires  ids without gaps
  // Errors    input: unk_id is not in the vocabulary
  Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramOptions options);

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override;
  void tokenize_bytes(std::string_view piece, std::vector<ModelToken>& out) const override;
  std::optional<TokenId> spelled_unknown() const override { return options_.unk_id; }

 private:
  // The best way to come to a place in the piece.
  struct Arrival {
    double score = 0;
    std::size_t from = 0;
    TokenId id = -1;  // -1: no way yet
  };
  // A token of the best cut, or what unknown characters were fused to.
  struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
    TokenId id = 0;
  };

  std::vector<Arrival> arrivals(std::string_view piece) const;
  std::vector<Part> best_cut(std::string_view piece) const;
  void add_unknown(std::string_view text, std::vector<ModelToken>& out) const;

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  UnigramOptions options_;
  ByteTrie trie_;
  double unknown_score_ = 0;
  std::array<TokenId, 256> byte_tokens_{};  // -1: none
  mutable PieceCache cache_;
};

}  // namespace souvenir::tokenizing
