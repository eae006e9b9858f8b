#pragma once

#include <memory>
#include <string_view>

#include "harness/backend/tokenizer/tokenizer_config.h"
#include "harness/tokenizer.h"

namespace souvenir::tokenizing {

// Makes the tokenizer that a tokenizer.json describes, as Hugging Face tokenizers does.
//
//   bytes   the file
//   config  what the files beside it say
//
// Errors  input: malformed, or something that is not supported, by name and JSON pointer
std::unique_ptr<Tokenizer> make_json_tokenizer(std::string_view bytes,
                                               const TokenizerConfig& config);

}  // namespace souvenir::tokenizing
