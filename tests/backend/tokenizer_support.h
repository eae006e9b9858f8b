#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "harness/backend/tokenizer/load.h"

namespace souvenir {

// A directory of its own that is gone with the object.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "souvenir-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

// One of the small committed tokenizers.
inline std::filesystem::path small_tokenizer(const std::string& name) {
  return std::filesystem::path(SOUVENIR_SOURCE_DIR) / "tests/golden/tokenizers" / name;
}

inline nlohmann::json small_tokenizer_json(const std::string& name) {
  return nlohmann::json::parse(read_bytes(small_tokenizer(name) / "tokenizer.json"));
}

// Loads a tokenizer.json with these bytes.
inline std::unique_ptr<Tokenizer> load_bytes(const std::string& bytes) {
  const ScratchDirectory directory;
  directory.write("tokenizer.json", bytes);
  return load_tokenizer(directory.path());
}

// A tokenizer.json of a few tokens, to be changed by tests: a to f, ab, abc, cd.
inline nlohmann::json tiny_tokenizer() {
  return nlohmann::json::parse(R"({
    "version": "1.0",
    "added_tokens": [
      {"id": 9, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
       "normalized": false, "special": true}],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": {"type": "Fuse"},
    "model": {"type": "BPE", "unk_token": null,
      "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5, "ab": 6, "abc": 7, "cd": 8},
      "merges": ["a b", "ab c", "c d"]}})");
}

}  // namespace souvenir
