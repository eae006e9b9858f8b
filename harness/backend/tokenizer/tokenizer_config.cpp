#include "harness/backend/tokenizer/tokenizer_config.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/special_tokens.h"
#include "harness/backend/tokenizer/tokenizer_file.h"
#include "harness/backend/tokenizer/vocabulary.h"
#include "harness/error.h"
#include "harness/evidence/strict_json.h"

namespace souvenir::tokenizing {

namespace {

constexpr std::size_t kMostConfigBytes = std::size_t{64} << 20;

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) && !error;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& directory) : directory_(directory) {}

  TokenizerConfig run() {
    if (const auto json = read("tokenizer_config.json", true)) {
      const Fields fields(*json, "tokenizer_config.json: ");
      names_.read_config(fields);
      read_flags(fields);
      read_added_decoder(fields);
    }
    // Both are digested, and of no account beside an added_tokens_decoder.
    const auto map = read("special_tokens_map.json", true);
    const auto added = read("added_tokens.json", true);
    if (map && !told_) names_.read_map(Fields(*map, "special_tokens_map.json: "));
    names_.write_to(config_);
    config_.added_counts = told_;
    if (added && !told_) read_added_map(Fields(*added, "added_tokens.json: "));
    sort_added();
    for (const char* name : {"chat_template.jinja", "chat_template.json"}) {
      if (is_there(directory_ / name)) {
        config_.files.push_back(read_file(directory_ / name, name, kMostConfigBytes).digest);
      }
    }
    // These two are the model's: whoever reads the model digests them.
    for (const char* name : {"generation_config.json", "config.json"}) {
      if (const auto json = read(name, false)) {
        const Fields fields(*json, name + std::string(": "));
        if (name == std::string_view("config.json")) {
          config_.model_type = fields.maybe_string("model_type");
        }
        read_model_id(fields, "bos_token_id", config_.bos);
        read_model_id(fields, "eos_token_id", config_.eos);
      }
    }
    return std::move(config_);
  }

 private:
  std::optional<nlohmann::json> read(const std::string& name, bool is_tokenizers) {
    if (!is_there(directory_ / name)) {
      return std::nullopt;
    }
    FileBytes file = read_file(directory_ / name, name, kMostConfigBytes);
    if (is_tokenizers) {
      config_.files.push_back(std::move(file.digest));
    }
    return strict_json(file.bytes, name, ErrorKind::input);
  }

  void read_flags(const Fields& fields) {
    config_.pattern = fields.maybe_string("pat_str");
    if (fields.has("add_bos_token")) {
      config_.add_bos_token = fields.boolean("add_bos_token");
    }
    if (fields.has("add_eos_token")) {
      config_.add_eos_token = fields.boolean("add_eos_token");
    }
    config_.legacy = fields.boolean_or("legacy", false);
    config_.tokenizer_class = fields.maybe_string("tokenizer_class");
    config_.add_prefix_space = fields.boolean_or("add_prefix_space", false);
    config_.split_special_tokens = fields.boolean_or("split_special_tokens", false);
  }

  void read_added_decoder(const Fields& fields) {
    told_ = fields.json().contains("added_tokens_decoder");
    if (!fields.has("added_tokens_decoder")) {
      return;
    }
    const Fields decoder = fields.object("added_tokens_decoder");
    for (const auto& [key, value] : decoder.json().items()) {
      const Fields entry = decoder.object(key);
      AddedToken token = token_of(entry, entry.boolean_or("special", false));
      token.id = id_of(decoder, key);
      add(std::move(token));
    }
  }

  void read_added_map(const Fields& fields) {
    for (const auto& [content, value] : fields.json().items()) {
      const std::int64_t id = fields.integer(content);
      if (id >= kMostIds) {
        fields.fail(content, "expected a token id");
      }
      const bool special =
          std::any_of(config_.specials.begin(), config_.specials.end(),
                      [&](const AddedToken& token) { return token.content == content; });
      add({.content = content,
           .id = static_cast<TokenId>(id),
           .normalized = !special,
           .special = special});
    }
  }

  static TokenId id_of(const Fields& decoder, const std::string& key) {
    std::int64_t id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0 || id >= kMostIds) {
      decoder.fail("\"" + key + "\": expected a token id");
    }
    return static_cast<TokenId>(id);
  }

  // A token under two ids counts once.
  void add(AddedToken token) {
    const bool known =
        std::any_of(config_.added.begin(), config_.added.end(),
                    [&](const AddedToken& other) { return other.content == token.content; });
    if (!known && !token.content.empty()) {
      config_.added.push_back(std::move(token));
    }
  }

  void sort_added() {
    std::sort(config_.added.begin(), config_.added.end(),
              [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  }

  static void read_model_id(const Fields& fields, std::string_view name, SpecialName& special) {
    const auto found = fields.json().find(std::string(name));
    if (special.model_id || found == fields.json().end()) {
      return;
    }
    const nlohmann::json& id = found->is_array() && !found->empty() ? found->front() : *found;
    if (id.is_number_unsigned() && id.get<std::uint64_t>() < static_cast<std::uint64_t>(kMostIds)) {
      special.model_id = id.get<std::int64_t>();
    }
  }

  const std::filesystem::path& directory_;
  bool told_ = false;  // tokenizer_config.json has an added_tokens_decoder
  SpecialTokens names_;
  TokenizerConfig config_;
};

}  // namespace

TokenizerConfig read_tokenizer_config(const std::filesystem::path& directory) {
  return Reader(directory).run();
}

std::optional<TokenId> resolve(
    const SpecialName& name,
    const std::function<std::optional<TokenId>(std::string_view content)>& find,
    std::size_t id_limit) {
  if (name.named) {
    return name.content ? find(*name.content) : std::nullopt;
  }
  if (name.model_id && static_cast<std::size_t>(*name.model_id) < id_limit) {
    return static_cast<TokenId>(*name.model_id);
  }
  return std::nullopt;
}

}  // namespace souvenir::tokenizing
