#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/config.h"
#include "harness/tokenizer.h"

namespace souvenir::tokenizing {

// Makes the tokenizer inside a GGUF file: the tokenizer.json that its metadata stand for, run as
// any other.
//
// Errors  input: a kind, or a way to cut texts (tokenizer.ggml.pre), that is not supported, by
//         name; lists that do not fit each other
std::unique_ptr<Tokenizer> load_gguf_tokenizer(const std::filesystem::path& file);

// Returns the tokenizer.json that the metadata of a GGUF file stand for.
//
//   keys  all of the metadata
std::string describe_gguf_tokenizer(const ModelConfig& keys);

// Returns the id under tokenizer.ggml.NAME_token_id, if there is one.
//
// Errors  input: an id that none of `tokens` has
std::optional<std::int64_t> gguf_token_id(const ModelConfig& keys, const std::string& name,
                                          std::size_t tokens);

// Whether the tokenizer puts its first token in front of a text.
bool gguf_adds_bos(const ModelConfig& keys);

// A piece of a SentencePiece model of the byte-pair kind.
struct ScoredPiece {
  std::string text;
  double score = 0.0;
};

// Returns the merges that a SentencePiece model of the byte-pair kind stands for, first the best:
// every way to cut a piece in two pieces, as the reference library derives them.
//
//   pieces  by id; an empty text: no piece has this id
std::vector<std::array<std::string_view, 2>> sentencepiece_merges(
    const std::vector<ScoredPiece>& pieces);

}  // namespace souvenir::tokenizing
