#include "harness/backend/config.h"

#include <utility>

#include "harness/config.h"
#include "harness/error.h"

namespace souvenir {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxQuotedBytes = 120;

// Says what stands in a field, short enough for one line.
std::string found_text(const json& value) {
  if (value.is_string()) {
    return in_quotes(value.get_ref<const std::string&>());
  }
  if (value.is_object() || value.is_array()) {
    return value.is_object() ? "an object" : "a list";
  }
  return value.dump();
}

std::string range_text(const std::string& low, const std::string& high) {
  return " from " + low + " to " + high;
}

}  // namespace

std::string in_quotes(std::string_view name) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\"";
  for (const char byte : name.substr(0, kMaxQuotedBytes)) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x20 || value == 0x7f) {
      out += "\\x";
      out += kDigits[value >> 4U];
      out += kDigits[value & 15U];
    } else {
      out += byte;
    }
  }
  return out + (name.size() > kMaxQuotedBytes ? "...\"" : "\"");
}

ModelConfig::ModelConfig(json object, std::string where)
    : object_(std::move(object)), where_(std::move(where)) {
  if (!object_.is_object()) {
    throw Error(ErrorKind::input, where_ + ": expected an object, found " + found_text(object_));
  }
}

void ModelConfig::refuse(const std::string& key, const std::string& message) const {
  throw Error(ErrorKind::input, where_ + ": " + in_quotes(key) + ": " + message);
}

void ModelConfig::expected(const std::string& key, const std::string& what,
                           const json& found) const {
  refuse(key, "expected " + what + ", found " + found_text(found));
}

const json* ModelConfig::find(const std::string& key) const {
  const auto at = object_.find(key);
  return at == object_.end() ? nullptr : &*at;
}

bool ModelConfig::has(const std::string& key) const {
  const json* value = find(key);
  return value != nullptr && !value->is_null();
}

std::vector<std::string> ModelConfig::keys() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : object_.items()) names.push_back(name);
  return names;
}

bool ModelConfig::is_null(const std::string& key) const {
  const json* value = find(key);
  return value != nullptr && value->is_null();
}

std::int64_t ModelConfig::integer(const std::string& key, std::int64_t low, std::int64_t high,
                                  std::int64_t fallback) const {
  const json* value = find(key);
  if (value == nullptr) {
    return fallback;
  }
  const std::string what = "an integer" + range_text(std::to_string(low), std::to_string(high));
  if (!value->is_number_integer()) {
    expected(key, what, *value);
  }
  // An unsigned number above the signed range compares as too large, not as negative.
  const bool huge = value->is_number_unsigned() &&
                    value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (huge || value->get<std::int64_t>() < low || value->get<std::int64_t>() > high) {
    expected(key, what, *value);
  }
  return value->get<std::int64_t>();
}

double ModelConfig::number(const std::string& key, double low, double high, double fallback) const {
  const json* value = find(key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_number() || value->get<double>() < low || value->get<double>() > high) {
    expected(key, "a number" + range_text(json(low).dump(), json(high).dump()), *value);
  }
  return value->get<double>();
}

bool ModelConfig::flag(const std::string& key, bool fallback) const {
  const json* value = find(key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_boolean()) {
    expected(key, "true or false", *value);
  }
  return value->get<bool>();
}

std::string ModelConfig::text(const std::string& key, const std::string& fallback) const {
  const json* value = find(key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_string()) {
    expected(key, "a string", *value);
  }
  return value->get<std::string>();
}

std::optional<std::int64_t> ModelConfig::maybe_integer(const std::string& key, std::int64_t low,
                                                       std::int64_t high) const {
  return has(key) ? std::optional(integer(key, low, high, 0)) : std::nullopt;
}

std::optional<double> ModelConfig::maybe_number(const std::string& key, double low,
                                                double high) const {
  return has(key) ? std::optional(number(key, low, high, 0)) : std::nullopt;
}

std::optional<std::string> ModelConfig::maybe_text(const std::string& key) const {
  return has(key) ? std::optional(text(key, "")) : std::nullopt;
}

std::optional<std::vector<std::string>> ModelConfig::maybe_texts(const std::string& key) const {
  if (!has(key)) {
    return std::nullopt;
  }
  const json& value = *find(key);
  std::vector<std::string> texts;
  if (!value.is_array()) {
    expected(key, "a list of strings", value);
  }
  for (const json& each : value) {
    if (!each.is_string()) {
      expected(key, "a list of strings", each);
    }
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

std::optional<std::vector<double>> ModelConfig::maybe_numbers(const std::string& key, double low,
                                                              double high) const {
  if (!has(key)) {
    return std::nullopt;
  }
  const json& value = *find(key);
  const std::string what = range_text(json(low).dump(), json(high).dump());
  if (!value.is_array()) {
    expected(key, "a list of numbers" + what, value);
  }
  std::vector<double> numbers;
  for (const json& each : value) {
    if (!each.is_number() || each.get<double>() < low || each.get<double>() > high) {
      expected(key, "a list of numbers" + what, each);
    }
    numbers.push_back(each.get<double>());
  }
  return numbers;
}

json ModelConfig::raw(const std::string& key) const {
  const json* value = find(key);
  return value == nullptr ? json() : *value;
}

std::optional<std::map<std::string, std::string>> ModelConfig::maybe_text_map(
    const std::string& key) const {
  const std::optional<ModelConfig> object = maybe_object(key);
  if (!object) {
    return std::nullopt;
  }
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : object->object_.items()) {
    texts.emplace(name, object->text(name, ""));
  }
  return texts;
}

std::optional<ModelConfig> ModelConfig::maybe_object(const std::string& key) const {
  if (!has(key)) {
    return std::nullopt;
  }
  const json& value = *find(key);
  if (!value.is_object()) {
    expected(key, "an object", value);
  }
  return ModelConfig(value, where_ + ": " + in_quotes(key));
}

std::vector<std::int64_t> ModelConfig::ids(const std::string& key) const {
  if (!has(key)) {
    return {};
  }
  const json& value = *find(key);
  const json list = value.is_array() ? value : json::array({value});
  std::vector<std::int64_t> ids;
  for (const json& each : list) {
    if (!each.is_number_integer()) {
      expected(key, "a token id or a list of token ids", each);
    }
    ids.push_back(each.get<std::int64_t>());
  }
  return ids;
}

ModelConfig ModelConfig::with(const ModelConfig& other) const {
  json merged = object_;
  merged.update(other.object_);
  return {std::move(merged), other.where_};
}

ModelConfig ModelConfig::having(const std::string& key, const std::string& text) const {
  return {json{{key, text}}, where_};
}

ModelConfig parse_model_config(std::string_view text, const std::string& where) {
  // nlohmann takes a NUL for the end of its input and would not look at what follows.
  if (text.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::input, where + ": not valid JSON: it holds a NUL byte");
  }
  try {
    return {parse_json(text, where), where};
  } catch (const json::exception&) {  // e.g. a number beyond the range of a double
    throw Error(ErrorKind::input, where + ": not valid JSON");
  }
}

}  // namespace souvenir
