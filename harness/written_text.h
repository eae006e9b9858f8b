#pragma once

#include <span>
#include <string>

#include "harness/tokenizer.h"

namespace souvenir {

// Returns the bytes that a model wrote. Models often have more rows than their tokenizer has
// tokens: ids without a token are left out, as by the decoder of the reference library.
//
//   ids  as a model wrote them
//
// Sensitive  returns what a model may have memorised
std::string decode_written(const Tokenizer& tokenizer, std::span<const TokenId> ids);

}  // namespace souvenir
