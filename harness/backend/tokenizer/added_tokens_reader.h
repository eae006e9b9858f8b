#pragma once

#include <vector>

#include "harness/backend/tokenizer/added_tokens.h"
#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/tokenizer_config.h"
#include "harness/backend/tokenizer/vocabulary.h"

namespace souvenir::tokenizing {

// Reads the added tokens of a tokenizer.json (`fields` is the whole of it), and then, as
// transformers does, adds those that the files beside it describe or name.
//
// Errors  input: malformed, or an id that is not the one the token will have
std::vector<AddedToken> read_added_tokens(const Fields& fields, const Vocabulary& vocabulary,
                                          const TokenizerConfig& config);

}  // namespace souvenir::tokenizing
