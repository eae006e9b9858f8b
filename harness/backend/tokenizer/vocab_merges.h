#pragma once

#include <memory>
#include <string_view>

#include "harness/backend/tokenizer/tokenizer_config.h"
#include "harness/tokenizer.h"

namespace souvenir::tokenizing {

// Makes the tokenizer of a vocab.json and its merges.txt, as GPT-2 and OPT were released:
// byte-level BPE. How texts are cut is in neither: tokenizer_class (tokenizer_config.json), or
// where there is none model_type (config.json), names the class of transformers that knows.
//
//   vocabulary, merges  the two files
//   config              what the files beside them say
//
// Errors  input: malformed; a class that is not supported, by name; a special token without an id
// Source  transformers 5.23: GPT2Tokenizer, CodeGenTokenizer, Qwen2Tokenizer
std::unique_ptr<Tokenizer> make_vocab_merges_tokenizer(std::string_view vocabulary,
                                                       std::string_view merges,
                                                       const TokenizerConfig& config);

}  // namespace souvenir::tokenizing
