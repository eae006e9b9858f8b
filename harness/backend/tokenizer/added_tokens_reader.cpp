#include "harness/backend/tokenizer/added_tokens_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

namespace souvenir::tokenizing {

namespace {

// Ids are given as the reference library gives them: that of the model's vocabulary, else the next
// free one. It only warns where the file says otherwise; here that is an error, because nobody can
// tell which of the two the model was trained with.
class Reader {
 public:
  explicit Reader(const Vocabulary& vocabulary)
      : vocabulary_(vocabulary), next_id_(static_cast<std::int64_t>(vocabulary.size())) {}

  void add(const Fields& entry) {
    AddedToken token{.content = entry.string("content"),
                     .single_word = entry.boolean("single_word"),
                     .lstrip = entry.boolean("lstrip"),
                     .rstrip = entry.boolean("rstrip"),
                     .normalized = entry.boolean("normalized"),
                     .special = entry.boolean("special")};
    if (token.content.empty()) {
      return;  // left out there as well
    }
    const auto known = places_.find(token.content);
    token.id = known == places_.end() ? id_for(entry, token.content)
                                      : checked(entry, tokens_[known->second].id, "given before");
    if (known != places_.end()) {
      tokens_[known->second] = std::move(token);
    } else {
      places_.emplace(token.content, tokens_.size());
      tokens_.push_back(std::move(token));
    }
  }

  std::vector<AddedToken> take() { return std::move(tokens_); }

 private:
  TokenId id_for(const Fields& entry, const std::string& content) {
    const auto in_model = vocabulary_.find(content);
    return in_model ? checked(entry, *in_model, "the model's vocabulary")
                    : checked(entry, next_id_++, "the next free id");
  }

  static TokenId checked(const Fields& entry, std::int64_t expected, const std::string& why) {
    const std::int64_t found = entry.integer("id");
    if (found != expected || found >= kMostIds) {
      entry.fail("id", "expected " + std::to_string(expected) + " (" + why + "), found " +
                           std::to_string(found));
    }
    return static_cast<TokenId>(found);
  }

  const Vocabulary& vocabulary_;
  std::int64_t next_id_;
  std::vector<AddedToken> tokens_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace

std::vector<AddedToken> read_added_tokens(const Fields& fields, const Vocabulary& vocabulary) {
  Reader reader(vocabulary);
  if (fields.has("added_tokens")) {
    for (const Fields& entry : fields.objects("added_tokens")) {
      reader.add(entry);
    }
  }
  return reader.take();
}

}  // namespace souvenir::tokenizing
