#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/cli/output.h"
#include "harness/types.h"

namespace souvenir::cli {

using Row = nlohmann::ordered_json;

// One row of JSON Lines: what it is called in the answer, and what it holds or why it does not.
struct InputRow {
  Row name;  // {"id": ...}, or {"line": N} where there is no readable id
  nlohmann::json json;
  std::string error;
};

// Reads rows from a file, or from standard input for "-" or nothing, in chunks of at most
// `chunk_rows`, so that memory does not grow with the input. Empty lines are skipped.
//
// Errors  input: the file cannot be read
void read_rows(const std::string& path, std::size_t chunk_rows,
               const std::function<void(std::vector<InputRow>&)>& visit);

// Writes an answer, or {"id", "error"}; counts the errors.
class AnswerWriter {
 public:
  explicit AnswerWriter(const std::string& path) : rows_(path) {}

  void answer(const Row& row);
  void error(const InputRow& row, const std::string& message);

  // Returns the exit code: 2 if any row could not be answered.
  int finish();

 private:
  RowWriter rows_;
  std::int64_t errors_ = 0;
};

// Reads a list of token ids.
//
// Errors  input: names the field, and what was found
std::vector<TokenId> read_ids(const nlohmann::json& row, const std::string& key);

// Reads a string field, if it is there.
//
// Errors  input: the field is something else
std::optional<std::string> read_text(const nlohmann::json& row, const std::string& key);

// Refuses fields that no one reads, naming the nearest known one.
//
// Errors  input
void only_fields(const nlohmann::json& row, const std::vector<std::string>& known);

// Puts decoded bytes into a row: as "text", or as "bytes_base64" where they are not valid UTF-8.
void set_text(Row& row, const std::string& bytes);

}  // namespace souvenir::cli
