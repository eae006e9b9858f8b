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
//   added          tokens of added_tokens_decoder (tokenizer_config.json), else of
//                  added_tokens.json, by id
//   pattern        what cuts a text (`pat_str`), for vocabularies that do not say so themselves
//   tokenizer_class, model_type, add_prefix_space
//                  the class that knows how texts are cut, where no file does; the model's kind
//                  (config.json); whether a space is put in front of texts
//   added_counts   what `added` says of a token counts more than what tokenizer.json does
//   specials       all special tokens that are named: bos_token to mask_token, other roles in the
//                  order of their names (the reference library takes that of the file), further
//                  ones; without ids
//   special_roles  what they are named as (bos_token, ...), those that are said to be none too
//   split_special_tokens
//                  whether special tokens in a text are cut like any other text
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
  bool split_special_tokens = false;
  bool added_counts = false;
  std::vector<AddedToken> added;
  std::vector<AddedToken> specials;
  std::set<std::string> special_roles;
  std::vector<FileDigest> files;
};

// Reads tokenizer_config.json, special_tokens_map.json, added_tokens.json, the chat template, and
// the token ids of generation_config.json and config.json, as far as they are there. As in the
// reference library, special_tokens_map.json and added_tokens.json count only where
// tokenizer_config.json has no added_tokens_decoder; the first then overrides it.
//
// Errors  input: a file is malformed
TokenizerConfig read_tokenizer_config(const std::filesystem::path& directory);

// Returns the id of a special token, if the tokenizer has it.
std::optional<TokenId> resolve(
    const SpecialName& name,
    const std::function<std::optional<TokenId>(std::string_view content)>& find,
    std::size_t id_limit);

}  // namespace souvenir::tokenizing
