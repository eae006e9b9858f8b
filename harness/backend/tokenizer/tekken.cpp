#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/json_tokenizer.h"
#include "harness/backend/tokenizer/rank_model.h"
#include "harness/backend/tokenizer/rank_steps.h"
#include "harness/backend/tokenizer/rank_tokenizers.h"
#include "harness/digest.h"
#include "harness/evidence/strict_json.h"

namespace souvenir::tokenizing {

namespace {

constexpr const char* kTekkenFile = "tekken.json";

// The special tokens of files that name none, up to version 7.
constexpr std::array kOldSpecials = {"<unk>",
                                     "<s>",
                                     "</s>",
                                     "[INST]",
                                     "[/INST]",
                                     "[AVAILABLE_TOOLS]",
                                     "[/AVAILABLE_TOOLS]",
                                     "[TOOL_RESULTS]",
                                     "[/TOOL_RESULTS]",
                                     "[TOOL_CALLS]",
                                     "[IMG]",
                                     "<pad>",
                                     "[IMG_BREAK]",
                                     "[IMG_END]",
                                     "[PREFIX]",
                                     "[MIDDLE]",
                                     "[SUFFIX]",
                                     "[SYSTEM_PROMPT]",
                                     "[/SYSTEM_PROMPT]",
                                     "[TOOL_CONTENT]"};
constexpr std::array kOldVersions = {"v1", "v2", "v3", "v7"};

std::int64_t checked_count(const Fields& fields, std::string_view name) {
  const std::int64_t count = fields.integer(name);
  if (count < 0 || count >= kMostIds) {
    fields.fail(name, "expected a number of tokens");
  }
  return count;
}

std::vector<std::string> named_specials(const Fields& root, const Fields& config) {
  std::vector<std::string> names;
  if (root.has("special_tokens")) {
    for (const Fields& token : root.objects("special_tokens")) {
      if (token.integer("rank") != static_cast<std::int64_t>(names.size())) {
        token.fail("rank", "expected the special tokens in the order of their ranks, from 0 on");
      }
      names.push_back(token.string("token_str"));
    }
    return names;
  }
  const std::string version = config.string("version");
  if (std::find(kOldVersions.begin(), kOldVersions.end(), version) == kOldVersions.end()) {
    root.fail("special_tokens", "missing, and version \"" + version + "\" has none of its own");
  }
  names.assign(kOldSpecials.begin(), kOldSpecials.end());
  return names;
}

// Special tokens come before all others, and are never looked for in a text.
std::vector<AddedToken> read_specials(const Fields& root, const Fields& config,
                                      std::int64_t count) {
  std::vector<std::string> names = named_specials(root, config);
  if (static_cast<std::int64_t>(names.size()) > count) {
    config.fail("default_num_special_tokens", "fewer than there are special tokens");
  }
  std::vector<AddedToken> tokens;
  for (std::int64_t id = 0; id < count; ++id) {
    const auto at = static_cast<std::size_t>(id);
    AddedToken token;
    token.content = at < names.size() ? names[at] : "<SPECIAL_" + std::to_string(id) + ">";
    token.id = static_cast<TokenId>(id);
    token.normalized = false;
    token.special = true;
    token.sought = false;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

std::vector<RankedToken> read_vocabulary(const Fields& root, std::int64_t size) {
  const nlohmann::json& entries = root.array("vocab");
  if (size < 0 || static_cast<std::size_t>(size) > entries.size()) {
    root.fail("vocab", "expected at least " + std::to_string(size) + " tokens, found " +
                           std::to_string(entries.size()));
  }
  std::vector<RankedToken> tokens;
  tokens.reserve(static_cast<std::size_t>(size));
  for (std::int64_t rank = 0; rank < size; ++rank) {
    const Fields entry(entries[static_cast<std::size_t>(rank)],
                       kTekkenFile + std::string(": /vocab/") + std::to_string(rank));
    auto bytes = from_base64(entry.string("token_bytes"));
    if (!bytes || bytes->empty() || entry.integer("rank") != rank) {
      entry.fail("expected token_bytes in base64, and the rank " + std::to_string(rank));
    }
    tokens.push_back({*std::move(bytes), rank});
  }
  return tokens;
}

}  // namespace

std::unique_ptr<Tokenizer> make_tekken_tokenizer(std::string_view bytes,
                                                 const TokenizerConfig& given) {
  const nlohmann::json tree = strict_json(bytes, kTekkenFile, ErrorKind::input);
  const Fields root(tree, kTekkenFile + std::string(": "));
  const Fields settings = root.object("config");
  const std::int64_t specials = checked_count(settings, "default_num_special_tokens");
  const std::int64_t size = checked_count(settings, "default_vocab_size") - specials;
  TokenizerParts parts;
  parts.origin.file = kTekkenFile;
  parts.added = read_specials(root, settings, specials);
  parts.model = make_rank_model(read_vocabulary(root, size), specials, kTekkenFile);
  std::optional<AddedToken> front;
  for (const AddedToken& token : parts.added) {
    front = token.content == "<s>" ? std::optional(token) : front;
  }
  parts.steps = rank_steps(settings.string("pattern"), front);
  TokenizerConfig config = given;
  config.bos = config.bos.named ? config.bos : SpecialName{true, "<s>", {}};
  config.eos = config.eos.named ? config.eos : SpecialName{true, "</s>", {}};
  return assemble_tokenizer(std::move(parts), config);
}

}  // namespace souvenir::tokenizing
