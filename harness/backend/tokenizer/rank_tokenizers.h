#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "harness/backend/tokenizer/tokenizer_config.h"
#include "harness/tokenizer.h"

namespace souvenir::tokenizing {

// Makes the tokenizer of a tiktoken file. The file knows neither its pattern nor its special
// tokens: tokenizer_config.json says them (`pat_str`, `added_tokens_decoder`), or the family is
// known: Llama 3 by its 128,000 ranks in a tokenizer.model, Qwen by the name qwen.tiktoken.
//
// Errors  input: malformed, or the pattern or the special tokens are nowhere to be found
std::unique_ptr<Tokenizer> make_tiktoken_tokenizer(std::string_view bytes, const std::string& name,
                                                   const TokenizerConfig& config);

// Makes the tokenizer of Mistral's tekken.json, as mistral-common does: special tokens spelled out
// in a text are text, <s> stands in front.
//
// Errors  input: malformed
std::unique_ptr<Tokenizer> make_tekken_tokenizer(std::string_view bytes,
                                                 const TokenizerConfig& config);

}  // namespace souvenir::tokenizing
