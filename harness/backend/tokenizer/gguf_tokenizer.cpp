#include "harness/backend/tokenizer/gguf_tokenizer.h"

#include <utility>

#include "harness/backend/gguf_file.h"
#include "harness/backend/tokenizer/json_tokenizer.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

// A tokenizer that says where it comes from. The file's digest is taken where its weights are read.
class GgufTokenizer final : public Tokenizer {
 public:
  GgufTokenizer(std::unique_ptr<Tokenizer> tokenizer, const ModelConfig& keys)
      : tokenizer_(std::move(tokenizer)), info_(tokenizer_->info()) {
    const std::string kind = keys.text("tokenizer.ggml.model", "");
    info_.kind = kind == "gpt2" ? "GGUF byte-level BPE, " + keys.text("tokenizer.ggml.pre", "")
                                : "GGUF SentencePiece BPE";
    info_.prepended_source = keys.has("tokenizer.ggml.add_bos_token")
                                 ? "tokenizer.ggml.add_bos_token"
                                 : "tokenizer.ggml.add_bos_token is not given, taken as the kind's";
  }

  const TokenizerInfo& info() const override { return info_; }
  Encoding encode(std::string_view text, bool add_special_tokens) const override {
    return tokenizer_->encode(text, add_special_tokens);
  }
  std::string decode(std::span<const TokenId> ids) const override {
    return tokenizer_->decode(ids);
  }
  std::int64_t count_special(std::string_view text) const override {
    return tokenizer_->count_special(text);
  }

 private:
  std::unique_ptr<Tokenizer> tokenizer_;
  TokenizerInfo info_;
};

SpecialName special(const ModelConfig& keys, const std::string& name,
                    const std::vector<std::string>& tokens) {
  SpecialName found;
  found.named = true;
  if (const auto id = gguf_token_id(keys, name, tokens.size())) {
    found.content = tokens[static_cast<std::size_t>(*id)];
  }
  return found;
}

}  // namespace

std::unique_ptr<Tokenizer> load_gguf_tokenizer(const std::filesystem::path& file) {
  GgufFile gguf = open_gguf(file);
  const std::string label = gguf.file->label();
  const ModelConfig keys(std::move(gguf.header.metadata), label);
  const std::string description = describe_gguf_tokenizer(keys);
  const auto tokens =
      keys.maybe_texts("tokenizer.ggml.tokens").value_or(std::vector<std::string>{});
  TokenizerConfig config;
  config.bos = special(keys, "bos", tokens);
  config.eos = special(keys, "eos", tokens);
  try {
    return std::make_unique<GgufTokenizer>(make_json_tokenizer(description, config), keys);
  } catch (const Error& error) {
    throw Error(error.kind(), label + ": its tokenizer, as a " + error.what());
  }
}

}  // namespace souvenir::tokenizing
