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

constexpr std::int64_t kMostParts = 99'999;

// Which part of how many a name says a file is: "...-00001-of-00003.gguf".
struct Part {
  std::int64_t number = 1, count = 1;
};

Part part_of(const std::string& name) {
  static const std::string kForm = "-#####-of-#####.gguf";
  if (name.size() < kForm.size()) {
    return {};
  }
  const std::string end = name.substr(name.size() - kForm.size());
  const bool fits =
      std::equal(end.begin(), end.end(), kForm.begin(), [](char found, char expected) {
        return expected == '#' ? found >= '0' && found <= '9' : found == expected;
      });
  return fits ? Part{std::stoll(end.substr(1, 5)), std::stoll(end.substr(10, 5))} : Part{};
}

std::string name_of(const std::string& first, std::int64_t number) {
  const std::string digits = std::to_string(100'000 + number).substr(1);
  return std::string(first).replace(first.size() - 19, 5, digits);
}

bool has_magic(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string start(4, '\0');
  return in.read(start.data(), 4) && start == "GGUF";
}

// Opens one file, whichever part it is.
GgufFile open_one(const fs::path& directory, const std::string& name) {
  GgufFile gguf;
  gguf.file = std::make_unique<CheckpointFile>(directory, name);
  const CheckpointFile& file = *gguf.file;
  gguf.header = read_gguf_header(
      [&](std::uint64_t offset, void* to, std::size_t bytes) { file.peek(offset, to, bytes); },
      file.size_bytes(), file.label());
  const ModelConfig keys(gguf.header.metadata, file.label());
  gguf.parts = std::max<std::int64_t>(keys.integer("split.count", 0, kMostParts, 1), 1);
  const std::int64_t number = keys.integer("split.no", 0, kMostParts, 0) + 1;
  const Part said = part_of(name);
  if (said.number != number || said.count != gguf.parts) {
    throw Error(ErrorKind::input,
                file.label() + ": part " + std::to_string(number) + " of " +
                    std::to_string(gguf.parts) + " by its metadata, " +
                    std::to_string(said.number) + " of " + std::to_string(said.count) +
                    " by its name; a split file goes by NAME-00001-of-0000N.gguf");
  }
  return gguf;
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

GgufFile open_gguf(const fs::path& path) {
  const std::string name = path.filename().string();
  if (part_of(name).number != 1) {
    throw Error(
        ErrorKind::input,
        path.string() + ": a part of a split GGUF file; name the first, " + name_of(name, 1));
  }
  return open_one(directory_of(path), name);
}

std::vector<GgufFile> open_further_parts(const fs::path& path, const GgufFile& first) {
  std::vector<GgufFile> parts;
  std::size_t tensors = first.header.weights.tensors.size();
  for (std::int64_t number = 2; number <= first.parts; ++number) {
    parts.push_back(open_one(directory_of(path), name_of(first.file->name(), number)));
    tensors += parts.back().header.weights.tensors.size();
  }
  const ModelConfig keys(first.header.metadata, first.file->label());
  const auto expected = keys.maybe_integer("split.tensors.count", 0, INT64_C(0x7FFFFFFF));
  if (expected && static_cast<std::size_t>(*expected) != tensors) {
    throw Error(ErrorKind::input, first.file->label() + ": expected " + std::to_string(*expected) +
                                      " tensors in " + std::to_string(first.parts) +
                                      " parts, found " + std::to_string(tensors));
  }
  return parts;
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
    if (entry.path().extension() == ".gguf" &&
        part_of(entry.path().filename().string()).number == 1) {
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
