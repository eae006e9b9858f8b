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

}  // namespace

AddedToken special_token(const Fields& fields, bool special) {
  special = fields.boolean_or("special", special);
  return {.content = fields.string("content"),
          .single_word = fields.boolean_or("single_word", false),
          .lstrip = fields.boolean_or("lstrip", false),
          .rstrip = fields.boolean_or("rstrip", false),
          .normalized = fields.boolean_or("normalized", !special),
          .special = special};
}

void SpecialTokens::read_role(const Fields& fields, const std::string& role, bool special) {
  const nlohmann::json& value = fields.json().at(role);
  if (value.is_null()) {
    roles_[role] = std::nullopt;
    return;
  }
  AddedToken token = value.is_object() ? special_token(fields.object(role), special)
                                       : from_string(fields.string(role));
  token.special = true;
  roles_[role] = std::move(token);
}

// `extra_special_tokens` is a list, or names each; the older name counts where it is not there.
void SpecialTokens::read_further(const Fields& fields) {
  const char* name =
      fields.has("extra_special_tokens") ? "extra_special_tokens" : "additional_special_tokens";
  if (!fields.has(name)) {
    return;
  }
  const nlohmann::json& list = fields.json().at(name);
  if (list.is_object()) {
    const Fields named = fields.object(name);
    for (const auto& [role, value] : list.items()) {
      read_role(named, role, false);
    }
    return;
  }
  const std::string where = fields.where() + "/" + name + "/";
  for (const nlohmann::json& token : fields.array(name)) {
    further_.push_back(
        token.is_string()
            ? from_string(token.get<std::string>())
            : special_token(Fields(token, where + std::to_string(further_.size())), false));
  }
}

void SpecialTokens::read_config(const Fields& fields) {
  for (const auto& [key, value] : fields.json().items()) {
    if (is_known(key) || (key.ends_with("_token") && value.is_string())) {
      read_role(fields, key, false);
    }
  }
  read_further(fields);
}

void SpecialTokens::read_map(const Fields& fields) {
  for (const char* role : kRoles) {
    if (fields.json().contains(role)) {
      read_role(fields, role, true);
    }
  }
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
  config.specials.insert(config.specials.end(), further_.begin(), further_.end());
}

}  // namespace souvenir::tokenizing
