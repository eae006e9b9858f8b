#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>

#include "harness/error.h"

namespace souvenir::test {

// A directory that is gone when the test is over.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "souvenir-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("no scratch directory");
    }
    path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary);
  if (!out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw std::runtime_error("cannot read " + path.string());
  }
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(SOUVENIR_SOURCE_DIR) / "tests/golden/models" / name;
}

// Copies a fixture, to be damaged.
inline void copy_fixture(const std::string& name, const std::filesystem::path& to) {
  std::filesystem::copy(fixture(name), to, std::filesystem::copy_options::recursive);
}

inline void edit_json(const std::filesystem::path& path,
                      const std::function<void(nlohmann::json&)>& edit) {
  nlohmann::json value = nlohmann::json::parse(read_bytes(path));
  edit(value);
  write_bytes(path, value.dump());
}

// Puts a length field in front of a header and data behind it.
inline std::string safetensors(const std::string& header, const std::string& data) {
  std::string out;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    out += static_cast<char>((static_cast<std::uint64_t>(header.size()) >> shift) & 0xFFU);
  }
  return out + header + data;
}

// A safetensors file taken apart, so that tests can change it and put it together again.
struct SafetensorsParts {
  nlohmann::json header;
  std::string data;
};

inline SafetensorsParts take_apart(const std::string& file) {
  std::uint64_t size = 0;
  for (unsigned i = 8; i-- > 0;) {
    size = (size << 8U) | static_cast<unsigned char>(file.at(i));
  }
  return {.header = nlohmann::json::parse(file.substr(8, size)), .data = file.substr(8 + size)};
}

inline void edit_safetensors(const std::filesystem::path& path,
                             const std::function<void(SafetensorsParts&)>& edit) {
  SafetensorsParts parts = take_apart(read_bytes(path));
  edit(parts);
  write_bytes(path, safetensors(parts.header.dump(), parts.data));
}

// Damages a text at one to four places, the same way for the same generator: a byte changed, some
// taken out, or some said twice.
inline std::string damaged(std::string text, std::mt19937& random) {
  for (auto times = 1 + random() % 4; times > 0 && !text.empty(); --times) {
    const std::size_t at = random() % text.size();
    const std::size_t length = 1 + random() % 12;
    switch (random() % 3) {
      case 0:
        text[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        text.erase(at, length);
        break;
      default:
        text.insert(random() % text.size(), text.substr(at, length));
    }
  }
  return text;
}

// What an action that must fail failed with.
struct Failure {
  ErrorKind kind = ErrorKind::internal;
  std::string message = "(did not fail)";
};

inline Failure failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {.kind = error.kind(), .message = error.what()};
  }
  return {};
}

}  // namespace souvenir::test
