#include "harness/backend/tokenizer/load.h"

#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include "harness/backend/gguf_file.h"
#include "harness/backend/tokenizer/gguf_tokenizer.h"
#include "harness/backend/tokenizer/json_tokenizer.h"
#include "harness/backend/tokenizer/rank_model.h"
#include "harness/backend/tokenizer/rank_tokenizers.h"
#include "harness/backend/tokenizer/sentencepiece_tokenizer.h"
#include "harness/backend/tokenizer/tokenizer_config.h"
#include "harness/backend/tokenizer/tokenizer_file.h"
#include "harness/backend/tokenizer/vocab_merges.h"
#include "harness/error.h"

namespace souvenir {

namespace {

constexpr std::size_t kMostTokenizerBytes = std::size_t{512} << 20;

bool has(const std::filesystem::path& directory, const char* name) {
  std::error_code error;
  return std::filesystem::exists(directory / name, error) && !error;
}

// Returns the name of the file that decides, or nothing.
std::string file_of(const std::filesystem::path& directory) {
  for (const char* name : {"tokenizer.json", "tokenizer.model", "tekken.json"}) {
    if (has(directory, name)) {
      return name;
    }
  }
  std::string found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".tiktoken") {
      continue;
    }
    if (!found.empty()) {
      throw Error(ErrorKind::input, directory.string() + ": expected one .tiktoken file, found " +
                                        found + " and " + name);
    }
    found = name;
  }
  if (found.empty() && has(directory, "vocab.json") && has(directory, "merges.txt")) {
    return "vocab.json";
  }
  return found;
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& directory) {
  if (const auto gguf = find_gguf(directory)) {
    return tokenizing::load_gguf_tokenizer(*gguf);
  }
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    throw Error(ErrorKind::input, directory.string() + ": expected a Hugging Face directory");
  }
  const std::string name = file_of(directory);
  if (name.empty()) {
    const std::string also = has(directory, "vocab.json")  ? "; vocab.json needs merges.txt"
                             : has(directory, "vocab.txt") ? "; vocab.txt is not supported"
                             : has(directory, "adapter_config.json")
                                 ? "; it is an adapter: name its base model, and it by --adapter"
                                 : "";
    throw Error(ErrorKind::input,
                directory.string() +
                    ": expected tokenizer.json or tokenizer.model, found neither (nor "
                    "tekken.json, a tiktoken file, or vocab.json with merges.txt)" +
                    also);
  }
  tokenizing::TokenizerConfig config = tokenizing::read_tokenizer_config(directory);
  tokenizing::FileBytes file = tokenizing::read_file(directory / name, name, kMostTokenizerBytes);
  config.files.insert(config.files.begin(), std::move(file.digest));
  if (name == "tokenizer.json") {
    return tokenizing::make_json_tokenizer(file.bytes, config);
  }
  if (name == "vocab.json") {
    tokenizing::FileBytes merges =
        tokenizing::read_file(directory / "merges.txt", "merges.txt", kMostTokenizerBytes);
    config.files.insert(config.files.begin() + 1, std::move(merges.digest));
    return tokenizing::make_vocab_merges_tokenizer(file.bytes, merges.bytes, config);
  }
  if (name == "tekken.json") {
    return tokenizing::make_tekken_tokenizer(file.bytes, config);
  }
  if (name == "tokenizer.model" && !tokenizing::is_tiktoken(file.bytes)) {
    return tokenizing::make_sentencepiece_tokenizer(file.bytes, config);
  }
  return tokenizing::make_tiktoken_tokenizer(file.bytes, name, config);
}

const std::vector<std::string>& supported_tokenizers() {
  static const std::vector<std::string> kinds = {
      "tokenizer.json BPE",          "tokenizer.json Unigram",         "tokenizer.json WordLevel",
      "sentencepiece BPE",           "sentencepiece unigram",          "tekken.json BPE by rank",
      "*.tiktoken BPE by rank",      "vocab.json with merges.txt",     "GGUF byte-level BPE, gpt-2",
      "GGUF byte-level BPE, smollm", "GGUF byte-level BPE, llama-bpe", "GGUF byte-level BPE, qwen2",
      "GGUF SentencePiece BPE",
  };
  return kinds;
}

bool has_tokenizer(const std::filesystem::path& model) {
  if (const auto gguf = find_gguf(model)) {
    return open_gguf(*gguf).header.metadata.contains("tokenizer.ggml.model");
  }
  std::error_code error;
  return std::filesystem::is_directory(model, error) && !file_of(model).empty();
}

}  // namespace souvenir
