#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "harness/backend/tokenizer/json_tokenizer.h"
#include "harness/backend/tokenizer/rank_model.h"
#include "harness/backend/tokenizer/rank_steps.h"
#include "harness/backend/tokenizer/rank_tokenizers.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

constexpr std::size_t kLlama3Ranks = 128000;
constexpr const char* kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwenPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr int kQwenExtras = 205;

// What the directory, or common knowledge, says about a file.
struct Family {
  std::string pattern;
  std::vector<AddedToken> specials;
  bool add_bos = false;
  bool nfc = false;
};

AddedToken special_token(std::string content, std::int64_t id) {
  AddedToken token;
  token.content = std::move(content);
  token.id = static_cast<TokenId>(id);
  token.normalized = false;
  token.special = true;
  return token;
}

std::vector<AddedToken> qwen_specials(std::int64_t id) {
  std::vector<AddedToken> tokens;
  for (const char* content : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) {
    tokens.push_back(special_token(content, id++));
  }
  for (int i = 0; i < kQwenExtras; ++i) {
    tokens.push_back(special_token("<|extra_" + std::to_string(i) + "|>", id++));
  }
  return tokens;
}

Family family_of(const std::string& name, std::size_t ranks, const TokenizerConfig& config) {
  Family family;
  family.specials = config.added;
  if (name == "qwen.tiktoken") {
    family.pattern = kQwenPattern;
    family.nfc = true;
    if (family.specials.empty()) {
      family.specials = qwen_specials(static_cast<std::int64_t>(ranks));
    }
  } else if (name == "tokenizer.model" && ranks == kLlama3Ranks) {
    family.pattern = kLlama3Pattern;
    family.add_bos = true;
  }
  family.pattern = config.pattern.value_or(family.pattern);
  family.add_bos = config.add_bos_token.value_or(family.add_bos);
  if (family.pattern.empty()) {
    throw Error(ErrorKind::input,
                name +
                    ": a tiktoken file, which does not say what pattern cuts its texts: "
                    "expected pat_str in tokenizer_config.json, or a tokenizer.json");
  }
  if (family.specials.empty()) {
    throw Error(ErrorKind::input,
                name +
                    ": a tiktoken file, which does not say its special tokens: expected "
                    "added_tokens_decoder in tokenizer_config.json, or a tokenizer.json");
  }
  return family;
}

std::optional<AddedToken> front_of(const Family& family, const TokenizerConfig& config) {
  const auto found =
      std::find_if(family.specials.begin(), family.specials.end(),
                   [&](const AddedToken& token) { return token.content == config.bos.content; });
  if (!family.add_bos) {
    return std::nullopt;
  }
  if (found == family.specials.end()) {
    throw Error(ErrorKind::input,
                "tokenizer_config.json: bos_token: expected one of the special tokens, since it "
                "is to stand in front of a text");
  }
  return *found;
}

}  // namespace

std::unique_ptr<Tokenizer> make_tiktoken_tokenizer(std::string_view bytes, const std::string& name,
                                                   const TokenizerConfig& config) {
  const std::vector<RankedToken> tokens = read_tiktoken(bytes, name);
  Family family = family_of(name, tokens.size(), config);
  TokenizerParts parts;
  parts.origin.file = name;
  parts.model = make_rank_model(tokens, 0, name);
  parts.steps = rank_steps(family.pattern, front_of(family, config));
  if (family.nfc) {
    parts.steps["normalizer"] = {{"type", "NFC"}};
  }
  parts.added = std::move(family.specials);
  for (const AddedToken& token : parts.added) {
    if (parts.model.model->vocabulary().has(token.id)) {
      throw Error(ErrorKind::input, name + ": id " + std::to_string(token.id) +
                                        " is that of a special token and of another");
    }
  }
  return assemble_tokenizer(std::move(parts), config);
}

}  // namespace souvenir::tokenizing
