#include "harness/cli/audit_chat.h"

#include <array>
#include <filesystem>

#include "harness/backend/gguf_file.h"
#include "harness/chat_template.h"
#include "harness/config.h"

namespace souvenir::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFileBytes = 64U << 20U;

// A template, or a list of named ones of which "default" is meant.
std::string template_in(const nlohmann::json& config) {
  const auto at = config.find("chat_template");
  if (at == config.end()) return {};
  if (at->is_string()) return at->get<std::string>();
  if (!at->is_array()) return {};
  for (const auto& row : *at) {
    const bool fits = row.is_object() && row.contains("name") && row.contains("template") &&
                      row["name"] == "default" && row["template"].is_string();
    if (fits) return row["template"].get<std::string>();
  }
  return {};
}

std::string template_of(const fs::path& folder) {
  if (const auto gguf = find_gguf(folder)) {
    const auto metadata = open_gguf(*gguf).header.metadata;
    const auto at = metadata.find("tokenizer.chat_template");
    return at != metadata.end() && at->is_string() ? at->get<std::string>() : std::string();
  }
  const fs::path jinja = folder / "chat_template.jinja";
  if (fs::is_regular_file(jinja)) return read_file(jinja.string(), kMaxFileBytes);
  const fs::path config = folder / "tokenizer_config.json";
  if (!fs::is_regular_file(config)) return {};
  const auto json = parse_json(read_file(config.string(), kMaxFileBytes), config.string());
  return json.is_object() ? template_in(json) : std::string();
}

}  // namespace

ChatTemplate read_chat(const std::string& model_folder, const Tokenizer& tokenizer) {
  std::string bos;
  if (const auto id = tokenizer.info().bos_id) {
    bos = tokenizer.decode(std::array<TokenId, 1>{*id});
  }
  const auto format = recognise_chat_template(template_of(model_folder), bos);
  if (!format) return {};
  return [chat = *format](const std::string& user) { return std::optional(chat.render(user)); };
}

}  // namespace souvenir::cli
