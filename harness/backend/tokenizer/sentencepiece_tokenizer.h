#pragma once

#include <memory>
#include <string_view>

#include "harness/backend/tokenizer/tokenizer_config.h"
#include "harness/tokenizer.h"

namespace souvenir::tokenizing {

// Makes the tokenizer of a SentencePiece tokenizer.model, run by the SentencePiece library, with
// the added tokens of the files beside it cut out first.
//
//   bytes   the file
//   config  what the files beside it say
//
// Errors  input: not a SentencePiece model, or files that contradict each other
std::unique_ptr<Tokenizer> make_sentencepiece_tokenizer(std::string_view bytes,
                                                        const TokenizerConfig& config);

}  // namespace souvenir::tokenizing
