#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir::tokenizing {

// Reads the fields of one JSON object, and says where a wrong one stands. Borrows the object.
// Unknown fields are left alone, as the reference library does.
//
// Errors  input: a field is missing or of the wrong kind; names its JSON pointer
class Fields {
 public:
  // `where` is the file and the JSON pointer of the object, e.g. "tokenizer.json: /decoder".
  Fields(const nlohmann::json& object, std::string where);

  std::string string(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  char32_t character(std::string_view name) const;

  // The same for fields that may be absent or null.
  std::optional<std::string> maybe_string(std::string_view name) const;
  bool boolean_or(std::string_view name, bool otherwise) const;

  // An object, or the elements of an array, each with its place.
  Fields object(std::string_view name) const;
  std::vector<Fields> objects(std::string_view name) const;
  const nlohmann::json& array(std::string_view name) const;

  bool has(std::string_view name) const;  // present and not null
  const nlohmann::json& json() const { return object_; }
  const std::string& where() const { return where_; }

  // Stops with what is wrong about this object, or about one of its fields.
  [[noreturn]] void fail(std::string_view problem) const;
  [[noreturn]] void fail(std::string_view name, std::string_view problem) const;

 private:
  const nlohmann::json& field(std::string_view name) const;

  const nlohmann::json& object_;
  std::string where_;
};

}  // namespace souvenir::tokenizing
