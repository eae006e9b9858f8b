#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace souvenir {

// Walks a parsed evidence document and names, by JSON pointer, whatever is not as the schema says.
// A field that is null and one that is not there are the same: absent.
//
// Borrows the document. Const methods are safe from any thread.
// Errors  integrity, from every method that reads a value of the wrong type
class JsonNode {
 public:
  JsonNode(const nlohmann::json* value, std::string pointer)
      : value_(value), pointer_(std::move(pointer)) {}

  bool absent() const { return value_ == nullptr || value_->is_null(); }

  // Requires  not absent
  const nlohmann::json& value() const { return *value_; }

  // Returns the value as it stands; null if absent.
  nlohmann::json raw() const { return absent() ? nlohmann::json() : *value_; }

  // Return the field of an object; the second refuses one that is absent.
  JsonNode get(std::string_view key) const;
  JsonNode require(std::string_view key) const;

  // Return the elements of an array and the fields of an object; none if absent.
  std::vector<JsonNode> items() const;
  std::vector<std::pair<std::string, JsonNode>> members() const;

  std::string text() const;
  double number() const;
  std::int64_t integer() const;

  std::string text_or(const std::string& fallback) const;
  std::optional<double> optional_number() const;
  std::optional<bool> optional_boolean() const;
  std::optional<std::int64_t> optional_count() const;  // not negative

  [[noreturn]] void fail(const std::string& message) const;

 private:
  [[noreturn]] void wrong_type(const std::string& expected) const;

  const nlohmann::json* value_;
  std::string pointer_;
};

}  // namespace souvenir
