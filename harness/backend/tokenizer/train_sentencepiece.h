#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "harness/types.h"

namespace souvenir {

// A SentencePiece vocabulary, and the files that make a Hugging Face tokenizer of it.
//
//   model        tokenizer.model
//   config_json  tokenizer_config.json: LlamaTokenizer, a beginning-of-sequence token in front
struct TrainedSentencePiece {
  std::string model;
  std::string config_json;
  TokenId bos_id = 1;
  TokenId eos_id = 2;
};

// Learns byte pairs from texts, as Llama's vocabulary was made: digits one by one, bytes for what
// it does not know. Single-threaded, so that the same texts give the same bytes.
//
//   vocabulary  pieces, at least 300: 256 bytes, 3 special tokens, and every character
//
// Errors  usage: too few texts for so many pieces
TrainedSentencePiece train_sentencepiece(std::span<const std::string> texts,
                                         std::int64_t vocabulary);

}  // namespace souvenir
