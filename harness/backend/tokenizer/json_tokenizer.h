#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/added_tokens.h"
#include "harness/backend/tokenizer/model_reader.h"
#include "harness/backend/tokenizer/tokenizer_config.h"
#include "harness/tokenizer.h"

namespace souvenir::tokenizing {

// Where a tokenizer comes from, as messages and TokenizerInfo call it.
//
//   file              its file
//   kind              empty: the file, and the kind of its model
//   prepended_source  what decides about tokens in front; empty: the file's post_processor
struct TokenizerOrigin {
  std::string file;
  std::string kind = {};
  std::string prepended_source = {};
};

// Makes the tokenizer that a tokenizer.json describes, as Hugging Face tokenizers does.
//
//   bytes   the file
//   config  what the files beside it say
//
// Errors  input: malformed, or something that is not supported, by name and JSON pointer
std::unique_ptr<Tokenizer> make_json_tokenizer(std::string_view bytes,
                                               const TokenizerConfig& config,
                                               TokenizerOrigin origin = {.file = "tokenizer.json"});

// What a tokenizer is made of.
//
//   added  tokens beside the model's, with their ids
//   steps  normalizer, pre_tokenizer, post_processor and decoder, as in a tokenizer.json
struct TokenizerParts {
  TokenizerOrigin origin;
  NamedModel model;
  std::vector<AddedToken> added;
  nlohmann::json steps;
};

// Puts a tokenizer together.
//
// Errors  input: as above
std::unique_ptr<Tokenizer> assemble_tokenizer(TokenizerParts parts, const TokenizerConfig& config);

}  // namespace souvenir::tokenizing
