#include "harness/backend/tokenizer/vocab_merges.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/backend/config.h"
#include "harness/backend/tokenizer/description_parts.h"
#include "harness/backend/tokenizer/json_tokenizer.h"
#include "harness/backend/tokenizer/vocabulary.h"
#include "harness/error.h"
#include "harness/evidence/strict_json.h"

namespace souvenir::tokenizing {

namespace {

using nlohmann::json;

// What a class stands for besides the two files.
//
//   pattern  of the cut before the byte level, of texts in normal form C; empty: the byte level's
//            own, of texts as they are
//   roles    of its special token, where the files name no other
struct Class {
  std::string_view name;
  const char* pattern;
  std::array<const char*, 3> roles;
};

constexpr const char* kSpecial = "<|endoftext|>";  // of all these classes

constexpr std::array<Class, 3> kClasses = {{
    {"GPT2Tokenizer", "", {"bos_token", "eos_token", "unk_token"}},
    {"CodeGenTokenizer", "", {"bos_token", "eos_token", "unk_token"}},
    {"Qwen2Tokenizer", kQwen2Pattern, {"eos_token", "unk_token", "pad_token"}},
}};

// The class that a kind of model is released with.
constexpr std::array<std::pair<std::string_view, std::size_t>, 9> kModels = {{{"gpt2", 0},
                                                                              {"gpt_neo", 0},
                                                                              {"gptj", 0},
                                                                              {"opt", 0},
                                                                              {"phi", 0},
                                                                              {"starcoder2", 0},
                                                                              {"qwen2", 2},
                                                                              {"qwen2_moe", 2},
                                                                              {"qwen3", 2}}};

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::input, message); }

const Class& class_of(const TokenizerConfig& config) {
  std::string name = config.tokenizer_class.value_or("");
  if (name.empty()) {
    for (const auto& [model, place] : kModels) {
      if (config.model_type == model) return kClasses[place];
    }
    refuse("vocab.json, merges.txt: expected tokenizer_class in tokenizer_config.json");
  }
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  std::string supported;
  for (const Class& known : kClasses) {
    if (known.name == name) return known;
    supported += (supported.empty() ? "" : ", ") + std::string(known.name);
  }
  refuse("tokenizer_config.json: tokenizer_class: " + in_quotes(name) +
         " is not supported beside vocab.json and merges.txt; supported: " + supported);
}

// A line is two tokens with a space between them; the first may name a version.
json read_merges(std::string_view text) {
  json merges = json::array();
  for (std::size_t begin = 0, line = 1; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view pair = text.substr(begin, end - begin);
    begin = end + 1;
    if (pair.ends_with('\r')) pair.remove_suffix(1);
    if (pair.starts_with("#version")) continue;
    const std::size_t space = pair.find(' ');
    if (space == std::string_view::npos || pair.find(' ', space + 1) != std::string_view::npos) {
      refuse("merges.txt: line " + std::to_string(line) + ": expected two tokens");
    }
    merges.push_back({pair.substr(0, space), pair.substr(space + 1)});
  }
  return merges;
}

// What the files say, and where they name no special tokens, what the class does.
TokenizerConfig completed(TokenizerConfig config, const Class& named, const json& vocabulary) {
  const auto has_role = [&](const char* role) { return config.special_roles.contains(role); };
  if (std::all_of(named.roles.begin(), named.roles.end(), has_role)) return config;
  for (const char* role : named.roles) {
    if (has_role(role)) continue;
    if (role == std::string_view("bos_token"))
      config.bos = SpecialName{true, kSpecial, std::nullopt};
    if (role == std::string_view("eos_token"))
      config.eos = SpecialName{true, kSpecial, std::nullopt};
  }
  // The class gives it an id of its own where the vocabulary has none.
  const auto is_special = [](const AddedToken& token) { return token.content == kSpecial; };
  if (!vocabulary.contains(kSpecial) &&
      std::none_of(config.added.begin(), config.added.end(), is_special)) {
    std::int64_t next = 0;
    for (const auto& [token, id] : vocabulary.items())
      next = std::max(next, id.get<std::int64_t>() + 1);
    for (const AddedToken& token : config.added) next = std::max<std::int64_t>(next, token.id + 1);
    config.added.push_back({.content = kSpecial,
                            .id = static_cast<TokenId>(next),
                            .normalized = false,
                            .special = true});
  }
  config.specials.push_back({.content = kSpecial, .normalized = false, .special = true});
  return config;
}

// The tokens that are cut out of texts before anything else, by id.
std::vector<AddedToken> added_tokens(const json& vocabulary, const TokenizerConfig& config) {
  std::vector<AddedToken> added = config.added;
  for (const AddedToken& special : config.specials) {
    const std::string& content = special.content;
    const auto same = [&](const AddedToken& token) { return token.content == content; };
    if (std::any_of(added.begin(), added.end(), same)) continue;
    const auto known = vocabulary.find(content);
    if (known == vocabulary.end()) continue;  // it gets the next free id
    added.push_back({.content = content,
                     .id = static_cast<TokenId>(known->get<std::int64_t>()),
                     .normalized = false,
                     .special = true});
  }
  std::sort(added.begin(), added.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return added;
}

json to_json(const std::vector<AddedToken>& tokens) {
  json list = json::array();
  for (const AddedToken& token : tokens) {
    list.push_back({{"id", token.id},
                    {"content", token.content},
                    {"single_word", token.single_word},
                    {"lstrip", token.lstrip},
                    {"rstrip", token.rstrip},
                    {"normalized", token.normalized},
                    {"special", token.special}});
  }
  return list;
}

// What puts the first token in front, and the last behind.
json surrounding(const TokenizerConfig& config, const std::vector<AddedToken>& added) {
  json single = json::array(), specials = json::object();
  const auto add = [&](const SpecialName& name) {
    const auto token = std::find_if(added.begin(), added.end(), [&](const AddedToken& candidate) {
      return candidate.content == name.content;
    });
    if (token == added.end()) return;
    single.push_back({{"SpecialToken", {{"id", token->content}, {"type_id", 0}}}});
    specials[token->content] = {
        {"id", token->content}, {"ids", {token->id}}, {"tokens", {token->content}}};
  };
  if (config.add_bos_token.value_or(false)) add(config.bos);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  if (config.add_eos_token.value_or(false)) add(config.eos);
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", json::array()},
          {"special_tokens", std::move(specials)}};
}

json pre_tokenizer(const Class& named, bool prefix) {
  const std::string pattern = named.pattern;
  if (pattern.empty()) return byte_level_step(prefix, true, true);
  return {{"type", "Sequence"},
          {"pretokenizers",
           {{{"type", "Split"},
             {"pattern", {{"Regex", pattern}}},
             {"behavior", "Isolated"},
             {"invert", false}},
            byte_level_step(prefix, true, false)}}};
}

json read_vocabulary(std::string_view text) {
  json vocabulary = strict_json(text, "vocab.json", ErrorKind::input);
  if (!vocabulary.is_object()) refuse("vocab.json: expected an object of tokens and ids");
  for (const auto& [token, id] : vocabulary.items()) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= kMostIds) {
      refuse("vocab.json: " + in_quotes(token) + ": expected an id");
    }
  }
  return vocabulary;
}

}  // namespace

std::unique_ptr<Tokenizer> make_vocab_merges_tokenizer(std::string_view vocabulary,
                                                       std::string_view merges,
                                                       const TokenizerConfig& config) {
  const Class& named = class_of(config);
  json ids = read_vocabulary(vocabulary);
  const TokenizerConfig whole = completed(config, named, ids);
  const std::vector<AddedToken> added = added_tokens(ids, whole);
  const bool composed = *named.pattern != '\0';
  const json description = {
      {"version", "1.0"},
      {"added_tokens", to_json(added)},
      {"normalizer", composed ? json{{"type", "NFC"}} : json()},
      {"pre_tokenizer", pre_tokenizer(named, config.add_prefix_space)},
      {"post_processor", surrounding(whole, added)},
      {"decoder", byte_level_step(true, true, true)},
      {"model", {{"type", "BPE"}, {"vocab", std::move(ids)}, {"merges", read_merges(merges)}}}};
  return make_json_tokenizer(description.dump(), whole,
                             {.file = "vocab.json, merges.txt",
                              .kind = "vocab.json with merges.txt",
                              .prepended_source = "tokenizer_config.json: add_bos_token"});
}

}  // namespace souvenir::tokenizing
