#include "harness/backend/tokenizer/json_fields.h"

#include <utility>

#include "harness/backend/tokenizer/utf8.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

Fields::Fields(const nlohmann::json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.is_object()) {
    fail(std::string("expected an object, found ") + object.type_name());
  }
}

void Fields::fail(std::string_view problem) const {
  throw Error(ErrorKind::input, where_ + ": " + std::string(problem));
}

void Fields::fail(std::string_view name, std::string_view problem) const {
  throw Error(ErrorKind::input, where_ + "/" + std::string(name) + ": " + std::string(problem));
}

bool Fields::has(std::string_view name) const {
  const auto found = object_.find(std::string(name));
  return found != object_.end() && !found->is_null();
}

const nlohmann::json& Fields::field(std::string_view name) const {
  const auto found = object_.find(std::string(name));
  if (found == object_.end()) {
    fail(name, "missing");
  }
  return *found;
}

std::string Fields::string(std::string_view name) const {
  const nlohmann::json& value = field(name);
  if (!value.is_string()) {
    fail(name, std::string("expected a string, found ") + value.type_name());
  }
  return value.get<std::string>();
}

bool Fields::boolean(std::string_view name) const {
  const nlohmann::json& value = field(name);
  if (!value.is_boolean()) {
    fail(name, std::string("expected true or false, found ") + value.type_name());
  }
  return value.get<bool>();
}

std::int64_t Fields::integer(std::string_view name) const {
  const nlohmann::json& value = field(name);
  constexpr std::uint64_t kMost = std::uint64_t{1} << 48U;
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMost) {
    fail(name, std::string("expected a whole number from 0 on, found ") +
                   (value.is_number() ? "another number" : value.type_name()));
  }
  return value.get<std::int64_t>();
}

char32_t Fields::character(std::string_view name) const {
  const auto character = only_code_point(string(name));
  if (!character) {
    fail(name, "expected one character");
  }
  return *character;
}

std::optional<std::string> Fields::maybe_string(std::string_view name) const {
  return has(name) ? std::optional(string(name)) : std::nullopt;
}

bool Fields::boolean_or(std::string_view name, bool otherwise) const {
  return has(name) ? boolean(name) : otherwise;
}

Fields Fields::object(std::string_view name) const {
  return {field(name), where_ + "/" + std::string(name)};
}

const nlohmann::json& Fields::array(std::string_view name) const {
  const nlohmann::json& value = field(name);
  if (!value.is_array()) {
    fail(name, std::string("expected an array, found ") + value.type_name());
  }
  return value;
}

std::vector<Fields> Fields::objects(std::string_view name) const {
  std::vector<Fields> result;
  std::size_t index = 0;
  for (const nlohmann::json& element : array(name)) {
    result.emplace_back(element, where_ + "/" + std::string(name) + "/" + std::to_string(index++));
  }
  return result;
}

}  // namespace souvenir::tokenizing
