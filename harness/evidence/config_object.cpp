#include "harness/evidence/config_object.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>

#include "harness/error.h"

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

std::string pointer_token(const std::string& key) {
  std::string escaped;
  for (const char c : key) {
    escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return escaped;
}

void refuse_unknown_keys(const json& object, const std::vector<std::string>& known,
                         const std::string& where) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw Error(ErrorKind::input, where + "/" + pointer_token(key) +
                                        ": unknown key; the nearest known key is \"" +
                                        nearest(key, known) + "\"");
    }
  }
}

std::string ConfigObject::pointer(const std::string& key) const {
  return pointer_ + "/" + pointer_token(key);
}

void ConfigObject::fail(const std::string& key, const std::string& message) const {
  throw Error(ErrorKind::input, document_ + ": " + pointer(key) + ": " + message);
}

void ConfigObject::fail(const std::string& key, std::size_t item,
                        const std::string& message) const {
  throw Error(ErrorKind::input,
              document_ + ": " + pointer(key) + "/" + std::to_string(item) + ": " + message);
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

const json* ConfigObject::list(const std::string& key) {
  const json* value = find(key);
  if (value != nullptr && !value->is_array()) {
    fail(key, std::string("expected a list, found ") + value->type_name());
  }
  return value;
}

void ConfigObject::finish() const {
  const auto comment = json_.find("comment");
  if (comment != json_.end() && !comment->is_string()) {
    fail("comment", std::string("expected a string, found ") + comment->type_name());
  }
  refuse_unknown_keys(json_, {known_.begin(), known_.end()}, document_ + ": " + pointer_);
}

}  // namespace souvenir
