#include "harness/config.h"

#include <filesystem>
#include <fstream>

#include "harness/error.h"
#include "harness/evidence/strict_json.h"

namespace souvenir {

nlohmann::json parse_json(std::string_view text, const std::string& name) {
  return strict_json(text, name, ErrorKind::input);
}

std::ifstream open_file(const std::string& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorKind::input, path + ": no such file");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(ErrorKind::input, path + ": expected a file, found something else");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw Error(ErrorKind::input, path + ": cannot be read");
  }
  return in;
}

std::string read_file(const std::string& path, std::uint64_t max_bytes) {
  std::ifstream in = open_file(path);
  const std::uint64_t size = std::filesystem::file_size(path);
  if (size > max_bytes) {
    throw Error(ErrorKind::input, path + ": expected at most " + std::to_string(max_bytes) +
                                      " bytes, found " + std::to_string(size));
  }
  std::string text(size, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(size))) {
    throw Error(ErrorKind::input, path + ": cannot be read");
  }
  return text;
}

}  // namespace souvenir
