#pragma once

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir {

// Parses JSON strictly: duplicate keys, invalid UTF-8 and nesting deeper than 64 are refused.
//
//   name  what messages call the document, e.g. "suite my.json"
//
// Errors  input; the message names the line and column, never the text
nlohmann::json parse_json(std::string_view text, const std::string& name);

// Opens a regular file to be read in pieces.
//
// Errors  input: missing, not a regular file, not readable
std::ifstream open_file(const std::string& path);

// Reads a whole file of at most `max_bytes`.
//
// Errors  input: missing, not a regular file, larger
std::string read_file(const std::string& path, std::uint64_t max_bytes);

// Reads the fields of one JSON object and refuses what it was not asked for: an unknown key is an
// error that names its JSON pointer and the nearest known key. Borrows the object.
//
//   ConfigObject object(json, "suite quick", "/windows");
//   auto tokens = object.integer("prefix_tokens", 1, 4096, 50);
//   object.finish();
class ConfigObject {
 public:
  // Errors  input: `json` is not an object
  ConfigObject(const nlohmann::json& json, std::string document, std::string pointer);

  // Each reads a field of the type named; absent without a default is an error.
  std::string text(const std::string& key, std::optional<std::string> fallback = std::nullopt);
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high,
                       std::optional<std::int64_t> fallback = std::nullopt);
  double number(const std::string& key, double low, double high,
                std::optional<double> fallback = std::nullopt);
  bool boolean(const std::string& key, std::optional<bool> fallback = std::nullopt);
  // Returns null if absent.
  const nlohmann::json* find(const std::string& key);
  const nlohmann::json& required(const std::string& key);

  // Every object may carry a "comment", which nobody reads.
  //
  // Errors  input: a key that nobody asked for, or a comment that is no string
  void finish() const;

  std::string pointer(const std::string& key) const;
  [[noreturn]] void fail(const std::string& key, const std::string& message) const;

 private:
  const nlohmann::json& json_;
  std::string document_;
  std::string pointer_;
  std::set<std::string> known_;
};

// Returns the candidate with the smallest edit distance to `word`.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace souvenir
