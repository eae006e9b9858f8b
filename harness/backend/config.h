#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir {

// Puts a name from an untrusted file into a message: in quotes, control characters escaped, cut
// after 120 bytes.
std::string in_quotes(std::string_view name);

// Reads the fields of a model's config.json, or of an object inside it. A value.
//
// A field that is absent takes the fallback, which is the default of the reference library's class
// for that model type; null counts as absent only where a method says so. Fields that nobody asks
// for are ignored, as the reference library does: most say nothing about the model's arithmetic.
//
// Errors  input, from every method: the field by name, what was expected and what was found
class ModelConfig {
 public:
  //   where  what messages put before a field: the file, and the path inside it
  ModelConfig(nlohmann::json object, std::string where);

  // Returns whether a field is there and not null.
  bool has(const std::string& key) const;

  // Returns whether a field is there and null.
  bool is_null(const std::string& key) const;

  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high,
                       std::int64_t fallback) const;
  double number(const std::string& key, double low, double high, double fallback) const;
  bool flag(const std::string& key, bool fallback) const;
  std::string text(const std::string& key, const std::string& fallback) const;

  // Each returns nothing if the field is absent or null.
  std::optional<std::int64_t> maybe_integer(const std::string& key, std::int64_t low,
                                            std::int64_t high) const;
  std::optional<double> maybe_number(const std::string& key, double low, double high) const;
  std::optional<std::string> maybe_text(const std::string& key) const;
  std::optional<std::vector<std::string>> maybe_texts(const std::string& key) const;
  std::optional<std::vector<double>> maybe_numbers(const std::string& key, double low,
                                                   double high) const;
  std::optional<std::map<std::string, std::string>> maybe_text_map(const std::string& key) const;
  std::optional<ModelConfig> maybe_object(const std::string& key) const;

  // Returns the value as it stands, for forms that no other method reads; null if absent.
  nlohmann::json raw(const std::string& key) const;

  // Returns the ids of an integer, a list of integers, or nothing.
  std::vector<std::int64_t> ids(const std::string& key) const;

  // Returns a copy with the fields of `other` put over those of this.
  ModelConfig with(const ModelConfig& other) const;

  // Returns an object of one field.
  ModelConfig having(const std::string& key, const std::string& text) const;

  bool empty() const { return object_.empty(); }

  // Returns the names of all fields, sorted.
  std::vector<std::string> keys() const;

  [[noreturn]] void refuse(const std::string& key, const std::string& message) const;

 private:
  const nlohmann::json* find(const std::string& key) const;
  [[noreturn]] void expected(const std::string& key, const std::string& what,
                             const nlohmann::json& found) const;

  nlohmann::json object_;
  std::string where_;
};

// Parses a JSON object strictly: no duplicate key, no nesting deeper than 64, no NUL.
//
// Errors  input
ModelConfig parse_model_config(std::string_view text, const std::string& where);

}  // namespace souvenir
