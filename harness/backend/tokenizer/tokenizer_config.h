#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/added_tokens.h"
#include "harness/tokenizer.h"

namespace souvenir::tokenizing {

// How a directory names a special token: in the tokenizer's own files, by content (none, if they
// say null); else in the model's, by id.
struct SpecialName {
  bool named = false;
  std::optional<std::string> content;
  std::optional<std::int64_t> model_id;
};

// What the files beside a tokenizer say about it.
//
//   added          tokens of added_tokens_decoder (tokenizer_config.json) and added_tokens.json
//   pattern        what cuts a text (`pat_str`), for vocabularies that do not say so themselves
//   tokenizer_class, model_type, add_prefix_space
//                  the class that knows how texts are cut, where no file does; the model's kind
//                  (config.json); whether a space is put in front of texts
//   special_names  contents of all special tokens that are named
//   special_roles  what they are named as (bos_token, ...), those that are said to be none too
//   legacy         whether SentencePiece marks the start of the text behind an added token too:
//                  only if the file says so, as in transformers since version 5
//   files          every tokenizer file that was read, or that belongs to it (the chat template)
struct TokenizerConfig {
  SpecialName bos;
  SpecialName eos;
  std::optional<bool> add_bos_token;
  std::optional<bool> add_eos_token;
  std::optional<std::string> pattern;
  std::optional<std::string> tokenizer_class;
  std::optional<std::string> model_type;
  bool add_prefix_space = false;
  bool legacy = false;
  std::vector<AddedToken> added;
  std::vector<std::string> special_names;
  std::set<std::string> special_roles;
  std::vector<FileDigest> files;
};

// Reads tokenizer_config.json, special_tokens_map.json, added_tokens.json, the chat template, and
// the token ids of generation_config.json and config.json, as far as they are there.
//
// Errors  input: a file is malformed
TokenizerConfig read_tokenizer_config(const std::filesystem::path& directory);

// Returns the id of a special token, if the tokenizer has it.
std::optional<TokenId> resolve(
    const SpecialName& name,
    const std::function<std::optional<TokenId>(std::string_view content)>& find,
    std::size_t id_limit);

}  // namespace souvenir::tokenizing
