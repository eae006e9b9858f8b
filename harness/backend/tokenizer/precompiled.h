#pragma once

#include <memory>

#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/normalizer.h"

namespace souvenir::tokenizing {

// Reads the normalizer that replaces by a SentencePiece model's own table.
//
// Errors  input: the table is not base64, or damaged
std::unique_ptr<Normalizer> read_precompiled(const Fields& fields);

}  // namespace souvenir::tokenizing
