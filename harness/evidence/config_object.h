#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace souvenir {

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

  // Returns null if absent; checked to be a list.
  const nlohmann::json* list(const std::string& key);

  // Every object may carry a "comment", which nobody reads.
  //
  // Errors  input: a key that nobody asked for, or a comment that is no string
  void finish() const;

  std::string pointer(const std::string& key) const;
  [[noreturn]] void fail(const std::string& key, const std::string& message) const;
  // The same, of one item of a list.
  [[noreturn]] void fail(const std::string& key, std::size_t item,
                         const std::string& message) const;

 private:
  const nlohmann::json& json_;
  std::string document_;
  std::string pointer_;
  std::set<std::string> known_ = {"comment"};
};

// Returns the candidate with the smallest edit distance to `word`; of several, the first.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

// Returns a key as a JSON pointer writes it (RFC 6901).
std::string pointer_token(const std::string& key);

// Refuses an object that has another key than those known.
//
//   where  what stands before the key's pointer in the message: "document: /pointer", or nothing
//
// Errors  input: names the key and the nearest known one
void refuse_unknown_keys(const nlohmann::json& object, const std::vector<std::string>& known,
                         const std::string& where);

}  // namespace souvenir
