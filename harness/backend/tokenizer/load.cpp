#include "harness/backend/tokenizer/load.h"

#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include "harness/backend/tokenizer/json_tokenizer.h"
#include "harness/backend/tokenizer/sentencepiece_tokenizer.h"
#include "harness/backend/tokenizer/tokenizer_config.h"
#include "harness/backend/tokenizer/tokenizer_file.h"
#include "harness/error.h"

namespace souvenir {

namespace {

constexpr std::size_t kMostTokenizerBytes = std::size_t{512} << 20;

bool has(const std::filesystem::path& directory, const char* name) {
  std::error_code error;
  return std::filesystem::exists(directory / name, error) && !error;
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    throw Error(ErrorKind::input, directory.string() + ": expected a Hugging Face directory");
  }
  const bool is_json = has(directory, "tokenizer.json");
  if (!is_json && !has(directory, "tokenizer.model")) {
    const std::string also = has(directory, "vocab.json") || has(directory, "vocab.txt")
                                 ? "; vocab.json and vocab.txt alone are not supported"
                             : has(directory, "adapter_config.json")
                                 ? "; it is an adapter: name its base model, and it by --adapter"
                                 : "";
    throw Error(
        ErrorKind::input,
        directory.string() + ": expected tokenizer.json or tokenizer.model, found neither" + also);
  }
  const char* name = is_json ? "tokenizer.json" : "tokenizer.model";
  tokenizing::TokenizerConfig config = tokenizing::read_tokenizer_config(directory);
  tokenizing::FileBytes file = tokenizing::read_file(directory / name, name, kMostTokenizerBytes);
  config.files.insert(config.files.begin(), std::move(file.digest));
  return is_json ? tokenizing::make_json_tokenizer(file.bytes, config)
                 : tokenizing::make_sentencepiece_tokenizer(file.bytes, config);
}

}  // namespace souvenir
