#include "harness/backend/tokenizer/gguf_tokenizer.h"

#include <utility>

#include "harness/backend/gguf_file.h"
#include "harness/backend/tokenizer/json_tokenizer.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

TokenizerOrigin origin_of(const ModelConfig& keys) {
  const bool byte_level = keys.text("tokenizer.ggml.model", "") == "gpt2";
  return {
      .file = "tokenizer.json",
      .kind = byte_level ? "GGUF byte-level BPE, " + keys.text("tokenizer.ggml.pre", "")
                         : "GGUF SentencePiece BPE",
      .prepended_source = keys.has("tokenizer.ggml.add_bos_token")
                              ? "tokenizer.ggml.add_bos_token"
                              : "tokenizer.ggml.add_bos_token is not given, taken as the kind's"};
}

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
    // The file's digest is taken where its weights are read.
    return make_json_tokenizer(description, config, origin_of(keys));
  } catch (const Error& error) {
    throw Error(error.kind(), label + ": its tokenizer, as a " + error.what());
  }
}

}  // namespace souvenir::tokenizing
