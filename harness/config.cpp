#include "harness/config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>

#include "harness/error.h"
#include "harness/evidence/strict_json.h"

namespace souvenir {

namespace {

using nlohmann::json;

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

}  // namespace

json parse_json(std::string_view text, const std::string& name) {
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

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

ConfigObject::ConfigObject(const json& object, std::string document, std::string pointer)
    : json_(object), document_(std::move(document)), pointer_(std::move(pointer)) {
  if (!json_.is_object()) {
    throw Error(ErrorKind::input, document_ + ": " + (pointer_.empty() ? "/" : pointer_) +
                                      ": expected an object, found " + json_.type_name());
  }
}

std::string ConfigObject::pointer(const std::string& key) const { return pointer_ + "/" + key; }

void ConfigObject::fail(const std::string& key, const std::string& message) const {
  throw Error(ErrorKind::input, document_ + ": " + pointer(key) + ": " + message);
}

const json* ConfigObject::find(const std::string& key) {
  known_.insert(key);
  const auto at = json_.find(key);
  return at == json_.end() ? nullptr : &*at;
}

const json& ConfigObject::required(const std::string& key) {
  const json* value = find(key);
  if (value == nullptr) {
    fail(key, "is required");
  }
  return *value;
}

std::string ConfigObject::text(const std::string& key, std::optional<std::string> fallback) {
  const json* value = fallback ? find(key) : &required(key);
  if (value == nullptr) {
    return *fallback;
  }
  if (!value->is_string()) {
    fail(key, std::string("expected a string, found ") + value->type_name());
  }
  return value->get<std::string>();
}

std::int64_t ConfigObject::integer(const std::string& key, std::int64_t low, std::int64_t high,
                                   std::optional<std::int64_t> fallback) {
  const json* value = fallback ? find(key) : &required(key);
  if (value == nullptr) {
    return *fallback;
  }
  const bool fits = value->is_number_integer() &&
                    !(value->is_number_unsigned() &&
                      value->get<std::uint64_t>() >
                          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (!fits || value->get<std::int64_t>() < low || value->get<std::int64_t>() > high) {
    fail(key, "expected an integer from " + std::to_string(low) + " to " + std::to_string(high) +
                  ", found " + (value->is_number() ? value->dump() : value->type_name()));
  }
  return value->get<std::int64_t>();
}

double ConfigObject::number(const std::string& key, double low, double high,
                            std::optional<double> fallback) {
  const json* value = fallback ? find(key) : &required(key);
  if (value == nullptr) {
    return *fallback;
  }
  if (!value->is_number() || value->get<double>() < low || value->get<double>() > high) {
    fail(key, "expected a number from " + json(low).dump() + " to " + json(high).dump() +
                  ", found " + (value->is_number() ? value->dump() : value->type_name()));
  }
  return value->get<double>();
}

bool ConfigObject::boolean(const std::string& key, std::optional<bool> fallback) {
  const json* value = fallback ? find(key) : &required(key);
  if (value == nullptr) {
    return *fallback;
  }
  if (!value->is_boolean()) {
    fail(key, std::string("expected true or false, found ") + value->type_name());
  }
  return value->get<bool>();
}

void ConfigObject::finish() const {
  for (const auto& [key, value] : json_.items()) {
    if (key == "comment" && value.is_string()) {
      continue;
    }
    if (known_.count(key) == 0) {
      const std::string close =
          nearest(key, std::vector<std::string>(known_.begin(), known_.end()));
      fail(key, "unknown key; the nearest known key is \"" + close + "\"");
    }
  }
}

}  // namespace souvenir
