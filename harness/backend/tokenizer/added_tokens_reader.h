#pragma once

#include <vector>

#include "harness/backend/tokenizer/added_tokens.h"
#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/vocabulary.h"

namespace souvenir::tokenizing {

// Reads the added tokens of a tokenizer.json: `fields` is the whole of it.
//
// Errors  input: malformed, or an id that is not the one the token will have
std::vector<AddedToken> read_added_tokens(const Fields& fields, const Vocabulary& vocabulary);

}  // namespace souvenir::tokenizing
