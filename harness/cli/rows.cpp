#include "harness/cli/rows.h"

#include <algorithm>
#include <iostream>
#include <limits>

#include "harness/cli/exit_code.h"
#include "harness/config.h"
#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir::cli {

namespace {

using nlohmann::json;

InputRow parse_row(const std::string& line, std::int64_t number) {
  InputRow row;
  row.name = Row{{"line", number}};
  try {
    row.json = parse_json(line, "line " + std::to_string(number));
    if (!row.json.is_object()) {
      row.error = std::string("expected an object, found ") + row.json.type_name();
      return row;
    }
    const auto id = row.json.find("id");
    if (id == row.json.end() || !(id->is_string() || id->is_number())) {
      row.error = "/id: expected a string or a number";
      return row;
    }
    row.name = Row{{"id", *id}};
  } catch (const Error& error) {
    row.error = error.what();
  }
  return row;
}

bool is_utf8(const std::string& bytes) {
  try {
    json(bytes).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

}  // namespace

void read_rows(const std::string& path, std::size_t chunk_rows,
               const std::function<void(std::vector<InputRow>&)>& visit) {
  const bool standard = path.empty() || path == "-";
  std::ifstream file = standard ? std::ifstream() : open_file(path);
  std::istream& in = standard ? std::cin : file;
  std::vector<InputRow> chunk;
  std::string line;
  std::int64_t number = 0;
  while (std::getline(in, line)) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    chunk.push_back(parse_row(line, number));
    if (chunk.size() == chunk_rows) {
      visit(chunk);
      chunk.clear();
    }
  }
  if (in.bad()) {
    throw Error(ErrorKind::input, (standard ? "standard input" : path) + ": cannot be read");
  }
  if (!chunk.empty()) {
    visit(chunk);
  }
}

void AnswerWriter::answer(const Row& row) { rows_.line(row.dump()); }

void AnswerWriter::error(const InputRow& row, const std::string& message) {
  Row answer = row.name;
  answer["error"] = message;
  rows_.line(answer.dump());
  ++errors_;
}

int AnswerWriter::finish() {
  rows_.finish();
  if (errors_ > 0) {
    std::cerr << "souvenir: " << errors_ << " rows could not be answered\n";
  }
  return errors_ > 0 ? kExitUsage : kExitComplete;
}

std::vector<TokenId> read_ids(const json& row, const std::string& key) {
  const auto at = row.find(key);
  if (at == row.end()) {
    return {};
  }
  if (!at->is_array()) {
    throw Error(ErrorKind::input,
                "/" + key + ": expected a list of token ids, found " + at->type_name());
  }
  std::vector<TokenId> ids;
  ids.reserve(at->size());
  for (const json& item : *at) {
    const bool fits = item.is_number_integer() && item.get<double>() >= 0 &&
                      item.get<double>() <= std::numeric_limits<TokenId>::max();
    if (!fits) {
      throw Error(ErrorKind::input, "/" + key + "/" + std::to_string(ids.size()) +
                                        ": expected a token id, found " +
                                        (item.is_number() ? item.dump() : item.type_name()));
    }
    ids.push_back(item.get<TokenId>());
  }
  return ids;
}

std::optional<std::string> read_text(const json& row, const std::string& key) {
  const auto at = row.find(key);
  if (at == row.end()) {
    return std::nullopt;
  }
  if (!at->is_string()) {
    throw Error(ErrorKind::input, "/" + key + ": expected a string, found " + at->type_name());
  }
  return at->get<std::string>();
}

void only_fields(const json& row, const std::vector<std::string>& known) {
  for (const auto& [key, value] : row.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw Error(ErrorKind::input, "/" + key + ": unknown key; the nearest known key is \"" +
                                        nearest(key, known) + "\"");
    }
  }
}

void set_text(Row& row, const std::string& bytes) {
  if (is_utf8(bytes)) {
    row["text"] = bytes;
  } else {
    row["bytes_base64"] = base64(bytes);
  }
}

}  // namespace souvenir::cli
