#include "harness/backend/tokenizer/unigram.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "harness/backend/tokenizer/byte_level.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

constexpr double kUnknownPenalty = 10.0;  // below the lowest score of all

}  // namespace

Unigram::Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramOptions options)
    : vocabulary_(std::move(vocabulary)),
      scores_(std::move(scores)),
      options_(options),
      trie_(vocabulary_) {
  if (options_.unk_id && !vocabulary_.has(*options_.unk_id)) {
    throw Error(ErrorKind::input, "/model/unk_id: not in the vocabulary");
  }
  double lowest = std::numeric_limits<double>::infinity();
  for (const double score : scores_) {
    lowest = std::min(lowest, score);
  }
  unknown_score_ = lowest - kUnknownPenalty;
  for (unsigned byte = 0; byte < 256; ++byte) {
    byte_tokens_[byte] = vocabulary_.find(byte_token(byte)).value_or(-1);
  }
}

void Unigram::tokenize(std::string_view piece, std::vector<ModelToken>& out) const {
  if (cache_.find(piece, out)) {
    return;
  }
  std::vector<ModelToken> tokens;
  for (const Part& part : best_cut(piece)) {
    const std::string_view text = piece.substr(part.begin, part.end - part.begin);
    if (part.id != options_.unk_id) {
      tokens.push_back({part.id, static_cast<std::uint32_t>(text.size())});
    } else if (const auto id = vocabulary_.find(text)) {  // fused to a token after all
      tokens.push_back({*id, static_cast<std::uint32_t>(text.size())});
    } else {
      add_unknown(text, tokens);
    }
  }
  cache_.add(piece, tokens);
  out.insert(out.end(), tokens.begin(), tokens.end());
}

void Unigram::tokenize_bytes(std::string_view piece, std::vector<ModelToken>& out) const {
  tokenize(spell_bytes(piece), out);  // never used: takes_bytes() is false
}

std::vector<Unigram::Arrival> Unigram::arrivals(std::string_view piece) const {
  std::vector<Arrival> best(piece.size() + 1);
  for (std::size_t at = 0; at < piece.size();) {
    const double score = best[at].score;
    const auto arrive = [&](std::size_t end, double gain, TokenId id) {
      const double candidate = gain + score;
      if (best[end].id < 0 || candidate > best[end].score) {
        best[end] = {candidate, at, id};
        return true;
      }
      return false;
    };
    const std::size_t next = character_end(piece, at + 1);
    bool single = false;  // the character is a token by itself
    trie_.prefixes(piece.substr(at), [&](std::size_t size, TokenId id) {
      arrive(at + size, scores_[static_cast<std::size_t>(id)], id);
      single = single || at + size == next;
    });
    if (!single && arrive(next, unknown_score_, options_.unk_id.value_or(0)) && !options_.unk_id) {
      throw Error(ErrorKind::input,
                  "tokenizer.json: unk_id is missing, and this text needs an unknown token");
    }
    at = next;
  }
  return best;
}

std::vector<Unigram::Part> Unigram::best_cut(std::string_view piece) const {
  const std::vector<Arrival> best = arrivals(piece);
  std::vector<Part> parts;
  bool fusing = false;
  for (std::size_t end = piece.size(); end > 0; end = best[end].from) {
    const Arrival& arrival = best[end];
    const bool unknown = arrival.id == options_.unk_id;
    if (unknown && fusing) {
      parts.back().begin = arrival.from;
    } else {
      parts.push_back({arrival.from, end, arrival.id});
    }
    fusing = unknown;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

void Unigram::add_unknown(std::string_view text, std::vector<ModelToken>& out) const {
  const auto id_of = [&](char byte) { return byte_tokens_[static_cast<unsigned char>(byte)]; };
  const auto size = static_cast<std::uint32_t>(text.size());
  if (!options_.byte_fallback ||
      std::any_of(text.begin(), text.end(), [&](char byte) { return id_of(byte) < 0; })) {
    out.push_back({*options_.unk_id, size});
    return;
  }
  // Each of the byte tokens stands for the whole text, as in the reference library.
  for (const char byte : text) {
    out.push_back({id_of(byte), size, true});
  }
  out.back().stays = false;
}

}  // namespace souvenir::tokenizing
