#include "harness/backend/tokenizer/tokenizer_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "harness/backend/tokenizer/reference_number.h"
#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostLevels = 64;
constexpr std::size_t kMostStringBytes = std::size_t{1} << 20;

// Receives the parser's events. Builds a tree of everything but the two large tables, which it
// fills as they come.
class Receiver final : public nlohmann::json_sax<Json> {
 public:
  explicit Receiver(ModelTables& tables) : tables_(tables) {}

  Json take() { return std::move(root_); }

  bool null() override { return value(nullptr); }
  bool boolean(bool v) override { return value(v); }
  bool number_float(double v, const std::string& digits) override {
    return table_ == Table::scores ? add_score(reference_number(digits)) : value(v);
  }
  bool binary(Json::binary_t&) override { return false; }
  bool number_integer(std::int64_t v) override {
    return table_ == Table::scores ? add_score(static_cast<double>(v)) : value(v);
  }

  bool number_unsigned(std::uint64_t v) override {
    if (table_ == Table::scores) {
      return add_score(static_cast<double>(v));
    }
    if (table_ != Table::vocabulary) {
      return value(v);
    }
    if (v > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      fail("/model/vocab: an id is out of range");
    }
    tables_.vocabulary.back().id = static_cast<std::int64_t>(v);
    return true;
  }

  bool string(std::string& v) override {
    check_size(v);
    if (table_ == Table::merges) {
      add_merge_string(v);
      return true;
    }
    if (table_ == Table::scores) {
      return add_scored(v);
    }
    return value(std::move(v));
  }

  bool start_object(std::size_t) override {
    if (at("/vocab")) {
      enter(Table::vocabulary);
      tables_.has_vocabulary = true;
      return true;
    }
    return open(Json::object());
  }

  bool key(std::string& v) override {
    check_size(v);
    if (table_ == Table::vocabulary) {
      tables_.vocabulary.push_back({keep(v), -1});
      return true;
    }
    if (open_.back()->contains(v)) {
      fail(pointer() + ": the key \"" + v + "\" is there twice");
    }
    keys_.back() = std::move(v);
    return true;
  }

  bool end_object() override { return table_ == Table::vocabulary ? leave() : close(); }

  bool start_array(std::size_t) override {
    if (table_ == Table::merges) {
      if (pair_) {
        fail_merge();
      }
      pair_.emplace();
      return true;
    }
    if (table_ == Table::scores) {
      return open_scored();
    }
    if (at("/vocab")) {
      enter(Table::scores);
      tables_.has_scores = true;
      return true;
    }
    if (at("/merges")) {
      enter(Table::merges);
      tables_.has_merges = true;
      return true;
    }
    return open(Json::array());
  }

  bool end_array() override {
    if (table_ == Table::scores) {
      return scored_ == Scored::none ? leave() : close_scored();
    }
    if (table_ != Table::merges) {
      return close();
    }
    if (!pair_) {
      return leave();
    }
    if (pair_->size() != 2) {
      fail_merge();
    }
    tables_.merges.push_back({(*pair_)[0], (*pair_)[1]});
    pair_.reset();
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    fail("not valid JSON at byte " + std::to_string(position));
  }

 private:
  enum class Table { none, vocabulary, scores, merges };
  enum class Scored { none, open, token, score };  // how much of ["token", score] has been read

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::input, "tokenizer.json: " + problem);
  }

  [[noreturn]] void fail_merge() const {
    fail("/model/merges/" + std::to_string(tables_.merges.size()) +
         ": expected \"left right\" or [\"left\", \"right\"]");
  }

  void check_size(const std::string& v) const {
    if (v.size() > kMostStringBytes) {
      fail(pointer() + ": a string of " + std::to_string(v.size()) + " bytes, expected at most " +
           std::to_string(kMostStringBytes));
    }
  }

  std::string pointer() const {
    std::string result;
    for (std::size_t level = 0; level < open_.size(); ++level) {
      if (open_[level]->is_object() && !keys_[level].empty()) {
        result += "/" + keys_[level];
      } else if (open_[level]->is_array()) {
        result += "/" + std::to_string(open_[level]->size());
      }
    }
    return result.empty() ? "/" : result;
  }

  // Whether the value that begins here is that field of the model.
  bool at(std::string_view field) const {
    return table_ == Table::none && open_.size() == 2 && keys_[0] == "model" &&
           open_[1]->is_object() && keys_[1] == field.substr(1);
  }

  ArenaText keep(std::string_view text) {
    const ArenaText kept{tables_.arena.size(), text.size()};
    tables_.arena += text;
    return kept;
  }

  void add_merge_string(std::string_view text) {
    if (pair_) {
      pair_->push_back(keep(text));
      return;
    }
    if (text.starts_with("#version")) {
      return;  // the first line of the older merge files
    }
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
      fail_merge();
    }
    const ArenaText left = keep(text.substr(0, space));
    tables_.merges.push_back({left, keep(text.substr(space + 1))});
  }

  [[noreturn]] void fail_scored() const {
    fail("/model/vocab/" + std::to_string(tables_.scores.size()) + ": expected [\"token\", score]");
  }

  // Moves on within an entry of the table of scores.
  void advance(Scored from, Scored to) {
    if (scored_ != from) {
      fail_scored();
    }
    scored_ = to;
  }

  bool open_scored() {
    advance(Scored::none, Scored::open);
    return true;
  }

  bool add_scored(std::string_view token) {
    advance(Scored::open, Scored::token);
    scored_token_ = keep(token);
    return true;
  }

  bool add_score(double score) {
    advance(Scored::token, Scored::score);
    scored_score_ = score;
    return true;
  }

  bool close_scored() {
    advance(Scored::score, Scored::none);
    tables_.scores.push_back({scored_token_, scored_score_});
    return true;
  }

  void enter(Table table) {
    if (table == Table::merges ? tables_.has_merges
                               : tables_.has_vocabulary || tables_.has_scores) {
      fail(pointer() + ": is there twice");
    }
    table_ = table;
  }

  bool leave() {
    table_ = Table::none;
    return true;
  }

  void refuse_in_table() const {
    if (table_ == Table::vocabulary) {
      fail("/model/vocab: expected a token id");
    }
    if (table_ == Table::scores) {
      fail_scored();
    }
    if (table_ == Table::merges) {
      fail_merge();
    }
  }

  Json* place(Json&& v) {
    if (open_.empty()) {
      root_ = std::move(v);
      return &root_;
    }
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(v));
      return &open_.back()->back();
    }
    return &((*open_.back())[keys_.back()] = std::move(v));
  }

  bool value(Json&& v) {
    refuse_in_table();
    place(std::move(v));
    return true;
  }

  bool open(Json&& v) {
    refuse_in_table();
    if (open_.size() == kMostLevels) {
      fail("nested more than " + std::to_string(kMostLevels) + " levels deep");
    }
    open_.push_back(place(std::move(v)));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  ModelTables& tables_;
  Table table_ = Table::none;
  Scored scored_ = Scored::none;
  ArenaText scored_token_;
  double scored_score_ = 0;
  std::optional<std::vector<ArenaText>> pair_;  // the merge being read, in its array form
  Json root_;
  std::vector<Json*> open_;
  std::vector<std::string> keys_;  // the last key of each open object
};

}  // namespace

FileBytes read_file(const std::filesystem::path& path, const std::string& name, std::size_t most) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (error || !std::filesystem::is_regular_file(status)) {
    throw Error(ErrorKind::input, name + ": not a regular file");
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > most) {
    throw Error(ErrorKind::input, name + ": " + std::to_string(size) + " bytes, expected at most " +
                                      std::to_string(most));
  }
  std::ifstream in(path, std::ios::binary);
  FileBytes file;
  file.bytes.resize(error ? 0 : static_cast<std::size_t>(size));
  in.read(file.bytes.data(), static_cast<std::streamsize>(file.bytes.size()));
  if (error || !in || in.peek() != std::ifstream::traits_type::eof()) {
    throw Error(ErrorKind::resource, name + ": cannot be read: " + std::strerror(errno));
  }
  file.digest = {name, file.bytes.size(), hex(sha256(file.bytes))};
  return file;
}

Json parse_tokenizer_json(std::string_view bytes, ModelTables& tables) {
  Receiver receiver(tables);
  try {
    if (!Json::sax_parse(bytes.begin(), bytes.end(), &receiver)) {
      throw Error(ErrorKind::input, "tokenizer.json: not valid JSON");
    }
  } catch (const Json::exception&) {
    throw Error(ErrorKind::input, "tokenizer.json: not valid JSON");
  }
  return receiver.take();
}

}  // namespace souvenir::tokenizing
