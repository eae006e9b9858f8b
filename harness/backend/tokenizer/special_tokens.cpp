#include "harness/backend/tokenizer/special_tokens.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace souvenir::tokenizing {

namespace {

constexpr std::array<const char*, 7> kRoles = {"bos_token", "eos_token", "unk_token", "sep_token",
                                               "pad_token", "cls_token", "mask_token"};

bool is_known(const std::string& role) {
  return std::find(kRoles.begin(), kRoles.end(), role) != kRoles.end();
}

AddedToken from_string(std::string content) {
  return {.content = std::move(content), .normalized = false, .special = true};
}

// A role's token: a string, or an object that says how it is looked for.
std::optional<AddedToken> read_role(const Fields& fields, const std::string& role, bool special) {
  const nlohmann::json& value = fields.json().at(role);
  if (value.is_null()) {
    return std::nullopt;
  }
  AddedToken token =
      value.is_object() ? token_of(fields.object(role), special) : from_string(fields.string(role));
  token.special = true;
  return token;
}

// Further roles are told from other settings by what they hold.
bool is_role(const std::string& key, const nlohmann::json& value) {
  return is_known(key) || (key.ends_with("_token") &&
                           (value.is_string() || (value.is_object() && value.contains("content"))));
}

}  // namespace

AddedToken token_of(const Fields& fields, bool special) {
  return {.content = fields.string("content"),
          .single_word = fields.boolean_or("single_word", false),
          .lstrip = fields.boolean_or("lstrip", false),
          .rstrip = fields.boolean_or("rstrip", false),
          .normalized = fields.boolean_or("normalized", !special),
          .special = special};
}

void SpecialTokens::read_roles(const Fields& fields, bool special) {
  for (const auto& [key, value] : fields.json().items()) {
    if (is_role(key, value)) {
      roles_[key] = read_role(fields, key, special);
    }
  }
}

// `extra_special_tokens` is a list, or names each; the older name counts where that is empty.
void SpecialTokens::read_further(const Fields& fields) {
  const bool extra =
      fields.has("extra_special_tokens") && !fields.json().at("extra_special_tokens").empty();
  const char* name = extra ? "extra_special_tokens" : "additional_special_tokens";
  if (!fields.has(name)) {
    return;
  }
  if (fields.json().at(name).is_object()) {
    const Fields named = fields.object(name);
    for (const auto& [role, value] : named.json().items()) {
      named_[role] = read_role(named, role, false);
    }
    return;
  }
  std::size_t index = 0;
  for (const nlohmann::json& token : fields.array(name)) {
    const std::string where = fields.where() + "/" + name + "/" + std::to_string(index++);
    further_.push_back(token.is_string() ? from_string(token.get<std::string>())
                                         : token_of(Fields(token, where), false));
  }
}

void SpecialTokens::read_config(const Fields& fields) {
  read_roles(fields, false);
  read_further(fields);
}

void SpecialTokens::read_map(const Fields& fields) {
  read_roles(fields, true);
  if (further_.empty() || fields.has("extra_special_tokens")) {
    read_further(fields);
  }
}

void SpecialTokens::write_to(TokenizerConfig& config) const {
  const auto add = [&](const std::optional<AddedToken>& token) {
    if (token) config.specials.push_back(*token);
  };
  for (const char* role : kRoles) {
    const auto found = roles_.find(role);
    if (found != roles_.end()) add(found->second);
  }
  for (const auto& [role, token] : roles_) {
    config.special_roles.insert(role);
    if (!is_known(role)) add(token);
    for (auto [name, special] :
         {std::pair("bos_token", &config.bos), std::pair("eos_token", &config.eos)}) {
      if (role == name) {
        special->named = true;
        if (token) special->content = token->content;
      }
    }
  }
  for (const auto& [role, token] : named_) add(token);
  for (AddedToken& token : config.added) {
    token.special = token.special ||
                    std::any_of(config.specials.begin(), config.specials.end(),
                                [&](const AddedToken& s) { return s.content == token.content; });
  }
  config.specials.insert(config.specials.end(), further_.begin(), further_.end());
}

}  // namespace souvenir::tokenizing
