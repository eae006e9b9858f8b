#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/model_reader.h"

namespace souvenir::tokenizing {

// A token of a vocabulary without a list of merges: neighbours are merged to whatever token they
// make together, the one of the lowest rank first.
struct RankedToken {
  std::string bytes;
  std::int64_t rank = 0;
};

// Whether a file begins as a tiktoken file does: base64, a space, a number.
bool is_tiktoken(std::string_view file);

// Reads a tiktoken file: one token in base64 and its rank a line. `name` is for messages.
//
// Errors  input: a line is neither that nor empty
std::vector<RankedToken> read_tiktoken(std::string_view file, const std::string& name);

// Makes the model; a token's id is `first_id` and its rank together.
//
// Errors  input: a byte that has no token of its own; a token or a rank that is there twice
NamedModel make_rank_model(const std::vector<RankedToken>& tokens, std::int64_t first_id,
                           const std::string& name);

}  // namespace souvenir::tokenizing
