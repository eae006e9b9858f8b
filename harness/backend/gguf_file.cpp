#include "harness/backend/gguf_file.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "harness/backend/config.h"
#include "harness/error.h"

namespace souvenir {

namespace {

namespace fs = std::filesystem;

// "...-00001-of-00003.gguf"
bool is_part(const std::string& name) {
  static const std::string kForm = "-#####-of-#####.gguf";
  if (name.size() < kForm.size()) {
    return false;
  }
  const std::string end = name.substr(name.size() - kForm.size());
  return std::equal(end.begin(), end.end(), kForm.begin(), [](char found, char expected) {
    return expected == '#' ? found >= '0' && found <= '9' : found == expected;
  });
}

bool has_magic(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string start(4, '\0');
  return in.read(start.data(), 4) && start == "GGUF";
}

}  // namespace

GgufFile open_gguf(const fs::path& path) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  GgufFile gguf;
  gguf.file = std::make_unique<CheckpointFile>(directory, path.filename().string());
  const CheckpointFile& file = *gguf.file;
  gguf.header = read_gguf_header(
      [&](std::uint64_t offset, void* to, std::size_t bytes) { file.peek(offset, to, bytes); },
      file.size_bytes(), file.label());
  const ModelConfig keys(gguf.header.metadata, file.label());
  const std::int64_t parts = keys.integer("split.count", 0, INT64_C(0xFFFF), 1);
  if (is_part(file.name()) || parts > 1) {
    throw Error(ErrorKind::input,
                file.label() +
                    ": a part of a split GGUF file is not supported; join the parts "
                    "(llama-gguf-split --merge)");
  }
  return gguf;
}

std::optional<fs::path> find_gguf(const fs::path& model) {
  std::error_code failed;
  if (fs::is_regular_file(model, failed)) {
    const bool meant = model.extension() == ".gguf" || has_magic(model);
    return meant ? std::optional(model) : std::nullopt;
  }
  if (!fs::is_directory(model, failed) || has_entry(model, "config.json")) {
    return std::nullopt;
  }
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(model, failed)) {
    if (entry.path().extension() == ".gguf") {
      found.push_back(entry.path());
    }
  }
  if (found.size() > 1) {
    throw Error(ErrorKind::input, model.string() + ": expected one GGUF file, found " +
                                      std::to_string(found.size()) +
                                      "; name the one that is meant");
  }
  return found.empty() ? std::nullopt : std::optional(found.front());
}

}  // namespace souvenir
