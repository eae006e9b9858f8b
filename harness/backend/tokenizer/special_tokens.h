#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/backend/tokenizer/added_tokens.h"
#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/tokenizer_config.h"

namespace souvenir::tokenizing {

// Reads an added token: its content, and how it is looked for. Without an id.
//
//   special  whether it is a control token; such are looked for before normalisation unless the
//            object says otherwise
AddedToken token_of(const Fields& fields, bool special);

// The special tokens that the files beside a tokenizer name: as bos_token, ..., as another
// `*_token` of tokenizer_config.json (an image_token), or in a list of further ones. Follows
// transformers 5.
//
// Errors  input: a token is neither a string nor an object with its content
class SpecialTokens {
 public:
  // Reads tokenizer_config.json.
  void read_config(const Fields& fields);

  // Reads special_tokens_map.json, which overrides it.
  void read_map(const Fields& fields);

  // Writes bos, eos, specials and special_roles; marks those of `added` as special that have a
  // role.
  void write_to(TokenizerConfig& config) const;

 private:
  using Roles = std::map<std::string, std::optional<AddedToken>>;  // none: said to be null

  void read_roles(const Fields& fields, bool special);
  void read_further(const Fields& fields);

  Roles roles_;
  Roles named_;  // by a name of extra_special_tokens
  std::vector<AddedToken> further_;
};

}  // namespace souvenir::tokenizing
