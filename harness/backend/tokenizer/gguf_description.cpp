#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "harness/backend/tokenizer/description_parts.h"
#include "harness/backend/tokenizer/gguf_tokenizer.h"
#include "harness/backend/tokenizer/unicode.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/backend/tokenizer/vocabulary.h"

namespace souvenir::tokenizing {

namespace {

using nlohmann::json;

constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kTypes = "tokenizer.ggml.token_type";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kMerges = "tokenizer.ggml.merges";
constexpr const char* kPre = "tokenizer.ggml.pre";
constexpr const char* kMark = "\xE2\x96\x81";  // U+2581, SentencePiece's mark of a space

// What tokenizer.ggml.token_type says.
enum Type { kNormal = 1, kUnknown = 2, kControl = 3, kUser = 4, kUnused = 5, kByte = 6 };

// How a family of byte-level tokenizers cuts texts.
//
//   pattern        of the cut before the byte level; empty: the byte level's own
//   digits         whether every digit is cut out first
//   composed       whether texts are brought into normal form C
//   ignore_merges  whether a piece that is a token is taken whole
//   trims          whether offsets leave out white space
//   bos            whether the first token is put in front, where the file does not say
struct Pre {
  std::string_view name;
  const char* pattern;
  bool digits, composed, ignore_merges, trims, bos;
};

constexpr const char* kLlama3 =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr const char* kGpt4o =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr const char* kTekken =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|"
    "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

// dbrx is that of Phi-4, gpt-4o of Phi-4-mini, refact and starcoder of code models.
constexpr std::array<Pre, 12> kPres = {{
    {"gpt-2", "", false, false, false, true, false},
    {"llama-bpe", kLlama3, false, false, true, false, true},
    {"llama3", kLlama3, false, false, true, false, true},
    {"llama-v3", kLlama3, false, false, true, false, true},
    {"qwen2", kQwen2Pattern, false, true, false, false, false},
    {"deepseek-r1-qwen", kQwen2Pattern, false, true, false, false, false},
    {"smollm", "", true, false, false, false, false},
    {"refact", "", true, false, false, false, false},
    {"starcoder", "", true, false, false, false, false},
    {"dbrx", kLlama3, false, false, false, false, false},
    {"gpt-4o", kGpt4o, false, false, false, false, false},
    {"tekken", kTekken, false, false, true, false, true},
}};

const Pre& find_pre(const ModelConfig& keys) {
  std::string supported;
  const std::string name = keys.text(kPre, "");
  for (const Pre& pre : kPres) {
    if (pre.name == name) {
      return pre;
    }
    supported += (supported.empty() ? "" : ", ") + std::string(pre.name);
  }
  keys.refuse(kPre, in_quotes(name) + " is not supported; supported: " + supported);
}

bool is_byte_level(const ModelConfig& keys) {
  const std::string kind = keys.text("tokenizer.ggml.model", "");
  if (kind != "gpt2" && kind != "llama") {
    keys.refuse("tokenizer.ggml.model", in_quotes(kind) +
                                            " is not supported; supported: gpt2 (byte-level BPE), "
                                            "llama (SentencePiece BPE)");
  }
  return kind == "gpt2";
}

// The tokens of the file, by id; those that stand for nothing are empty.
struct Tokens {
  std::vector<std::string> texts;
  std::vector<int> types;
};

// Fillers up to the model's number of rows.
bool is_filler(const std::string& text, std::size_t id, int type) {
  return type == kUnused || (type != kNormal && text == "[PAD" + std::to_string(id) + "]");
}

Tokens read_tokens(const ModelConfig& keys) {
  Tokens tokens;
  tokens.texts = keys.maybe_texts(kTokens).value_or(std::vector<std::string>{});
  if (tokens.texts.empty() || tokens.texts.size() > static_cast<std::size_t>(kMostIds)) {
    keys.refuse(kTokens, "expected 1 to " + std::to_string(kMostIds) + " tokens, found " +
                             std::to_string(tokens.texts.size()));
  }
  const auto types = keys.maybe_numbers(kTypes, kNormal, kByte);
  if (types && types->size() != tokens.texts.size()) {
    keys.refuse(kTypes, "expected one for each of " + std::to_string(tokens.texts.size()) +
                            " tokens, found " + std::to_string(types->size()));
  }
  for (std::size_t id = 0; id < tokens.texts.size(); ++id) {
    std::string& text = tokens.texts[id];
    tokens.types.push_back(types ? static_cast<int>((*types)[id]) : kNormal);
    if (is_filler(text, id, tokens.types.back())) {
      text.clear();
    } else if (text.empty() || first_invalid_utf8(text)) {
      keys.refuse(kTokens, "token " + std::to_string(id) +
                               (text.empty() ? " is empty" : " is not valid UTF-8"));
    }
  }
  return tokens;
}

json vocabulary_of(const ModelConfig& keys, const Tokens& tokens) {
  json vocabulary = json::object();
  for (std::size_t id = 0; id < tokens.texts.size(); ++id) {
    if (tokens.texts[id].empty()) {
      continue;
    }
    const auto [at, is_new] = vocabulary.emplace(tokens.texts[id], id);
    if (!is_new) {
      keys.refuse(kTokens, "tokens " + std::to_string(at->get<std::size_t>()) + " and " +
                               std::to_string(id) + " are the same");
    }
  }
  return vocabulary;
}

// Tokens that are cut out of texts before anything else.
json added_tokens(const Tokens& tokens) {
  json added = json::array();
  for (std::size_t id = 0; id < tokens.texts.size(); ++id) {
    const int type = tokens.types[id];
    if (!tokens.texts[id].empty() && (type == kControl || type == kUser || type == kUnknown)) {
      added.push_back({{"id", id},
                       {"content", tokens.texts[id]},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", type != kUser}});
    }
  }
  return added;
}

// What puts the first token in front, and the last behind, as far as the file says so.
json surrounding(const ModelConfig& keys, const Tokens& tokens) {
  json single = json::array();
  json specials = json::object();
  const auto add = [&](const char* name) {
    const auto id = gguf_token_id(keys, name, tokens.texts.size());
    if (!id || tokens.texts[static_cast<std::size_t>(*id)].empty()) {
      keys.refuse("tokenizer.ggml." + std::string(name) + "_token_id",
                  "missing; the tokenizer adds this token");
    }
    const std::string& text = tokens.texts[static_cast<std::size_t>(*id)];
    single.push_back({{"SpecialToken", {{"id", text}, {"type_id", 0}}}});
    specials[text] = {{"id", text}, {"ids", {*id}}, {"tokens", {text}}};
  };
  if (gguf_adds_bos(keys)) {
    add("bos");
  }
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  if (keys.flag("tokenizer.ggml.add_eos_token", false)) {
    add("eos");
  }
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", json::array()},
          {"special_tokens", std::move(specials)}};
}

json describe_byte_level(const ModelConfig& keys) {
  const Pre& pre = find_pre(keys);
  if (keys.flag("tokenizer.ggml.add_space_prefix", false)) {
    keys.refuse("tokenizer.ggml.add_space_prefix", "true is not supported in this kind");
  }
  const Tokens tokens = read_tokens(keys);
  const std::string pattern = pre.pattern;
  json cuts = json::array();
  if (pre.digits) {
    cuts.push_back({{"type", "Digits"}, {"individual_digits", true}});
  }
  if (!pattern.empty()) {
    cuts.push_back({{"type", "Split"},
                    {"pattern", {{"Regex", pattern}}},
                    {"behavior", "Isolated"},
                    {"invert", false}});
  }
  cuts.push_back(byte_level_step(false, pre.trims, pattern.empty()));
  return {{"version", "1.0"},
          {"added_tokens", added_tokens(tokens)},
          {"normalizer", pre.composed ? json{{"type", "NFC"}} : json()},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", std::move(cuts)}}},
          {"post_processor",
           {{"type", "Sequence"},
            {"processors", {byte_level_step(false, pre.trims, true), surrounding(keys, tokens)}}}},
          {"decoder", byte_level_step(false, true, true)},
          {"model",
           {{"type", "BPE"},
            {"ignore_merges", pre.ignore_merges},
            {"vocab", vocabulary_of(keys, tokens)},
            {"merges", keys.maybe_texts(kMerges).value_or(std::vector<std::string>{})}}}};
}

// ---- SentencePiece ------------------------------------------------------------------------------

bool only_spaces(const std::string& text) {
  return !text.empty() && text.find_first_not_of(' ') == std::string::npos;
}

// Pieces that SentencePiece itself knows as its user's come before all others, and the file has
// another score for them. Its spaces were marks before they came into this file.
std::vector<ScoredPiece> scored(const ModelConfig& keys, Tokens& tokens) {
  const auto scores = keys.maybe_numbers(kScores, -1e30, 1e30);
  if (!scores || scores->size() != tokens.texts.size()) {
    keys.refuse(kScores,
                "expected one for each of " + std::to_string(tokens.texts.size()) + " tokens");
  }
  std::vector<ScoredPiece> pieces;
  bool whole = true, differ = false;
  double first = std::nan("");
  for (std::size_t id = 0; id < tokens.texts.size(); ++id) {
    std::string& text = tokens.texts[id];
    const double score = (*scores)[id];
    if (tokens.types[id] == kUser && only_spaces(text)) {
      std::string marks;
      for (std::size_t i = 0; i < text.size(); ++i) marks += kMark;
      text = std::move(marks);
    } else if (tokens.types[id] == kNormal) {
      whole = whole && score == std::floor(score);
      differ = differ || (!std::isnan(first) && score != first);
      first = score;
    }
    pieces.push_back({text, tokens.types[id] == kUser ? 0.0 : score});
  }
  if (!whole) {
    keys.refuse(kScores, "expected ranks of byte pairs; probabilities (unigram) are not supported");
  }
  if (!differ) {
    keys.refuse(kScores, "all the same: the order of merges is not in this file");
  }
  return pieces;
}

json describe_sentencepiece(const ModelConfig& keys) {
  Tokens tokens = read_tokens(keys);
  const std::vector<ScoredPiece> pieces = scored(keys, tokens);
  json merges = json::array();
  for (const auto& [left, right] : sentencepiece_merges(pieces)) {
    merges.push_back({left, right});
  }
  json normalizers = json::array();
  json decoders = {{{"type", "Replace"}, {"pattern", {{"String", kMark}}}, {"content", " "}},
                   {{"type", "ByteFallback"}},
                   {{"type", "Fuse"}}};
  if (keys.flag("tokenizer.ggml.add_space_prefix", true)) {
    normalizers.push_back({{"type", "Prepend"}, {"prepend", kMark}});
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  normalizers.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kMark}});
  const bool bytes = std::count(tokens.types.begin(), tokens.types.end(), kByte) > 0;
  const auto unknown = std::find(tokens.types.begin(), tokens.types.end(), kUnknown);
  const auto given = gguf_token_id(keys, "unknown", tokens.texts.size());
  const auto id = given ? static_cast<std::size_t>(*given)
                        : static_cast<std::size_t>(unknown - tokens.types.begin());
  const bool named = id < tokens.texts.size() && !tokens.texts[id].empty();
  return {{"version", "1.0"},
          {"added_tokens", added_tokens(tokens)},
          {"normalizer", {{"type", "Sequence"}, {"normalizers", std::move(normalizers)}}},
          {"pre_tokenizer", nullptr},
          {"post_processor", surrounding(keys, tokens)},
          {"decoder", {{"type", "Sequence"}, {"decoders", std::move(decoders)}}},
          {"model",
           {{"type", "BPE"},
            {"unk_token", named ? json(tokens.texts[id]) : json()},
            {"fuse_unk", true},
            {"byte_fallback", bytes},
            {"vocab", vocabulary_of(keys, tokens)},
            {"merges", std::move(merges)}}}};
}

}  // namespace

std::optional<std::int64_t> gguf_token_id(const ModelConfig& keys, const std::string& name,
                                          std::size_t tokens) {
  return keys.maybe_integer("tokenizer.ggml." + name + "_token_id", 0,
                            static_cast<std::int64_t>(tokens) - 1);
}

bool gguf_adds_bos(const ModelConfig& keys) {
  return keys.flag("tokenizer.ggml.add_bos_token", !is_byte_level(keys) || find_pre(keys).bos);
}

std::string describe_gguf_tokenizer(const ModelConfig& keys) {
  return (is_byte_level(keys) ? describe_byte_level(keys) : describe_sentencepiece(keys)).dump();
}

}  // namespace souvenir::tokenizing
