#include "harness/backend/tokenizer/added_tokens_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

// Ids are given as the reference library gives them: that of the model's vocabulary, else the next
// free one. It only warns where the file says otherwise; here that is an error, because nobody can
// tell which of the two the model was trained with.
class Reader {
 public:
  explicit Reader(const Vocabulary& vocabulary)
      : vocabulary_(vocabulary), next_id_(static_cast<std::int64_t>(vocabulary.size())) {}

  // A token of tokenizer.json itself.
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
    const Place place = place_of(token.content);
    const std::int64_t found = entry.integer("id");
    if (found != place.id || found >= kMostIds) {
      entry.fail("id", wrong_id(place, found));
    }
    put(std::move(token), place);
  }

  // A token that a file beside it describes.
  void add(const AddedToken& token, bool counts_more) {
    if (!counts_more && places_.contains(token.content)) {
      return;
    }
    const Place place = place_of(token.content);
    if (token.id != place.id) {
      throw Error(ErrorKind::input, "tokenizer_config.json, added_tokens.json: the added token \"" +
                                        token.content + "\": " + wrong_id(place, token.id));
    }
    put(token, place);
  }

  // A token that is only named: nothing says its id, and what is known of it stays.
  void add_named(AddedToken token) {
    if (token.content.empty() || places_.contains(token.content)) {
      return;
    }
    const Place place = place_of(token.content);
    token.stated = vocabulary_.find(token.content).has_value();
    put(std::move(token), place);
  }

  std::vector<AddedToken> take() { return std::move(tokens_); }

 private:
  struct Place {
    std::int64_t id = 0;
    const char* why = "";
  };

  Place place_of(const std::string& content) const {
    const auto known = places_.find(content);
    if (known != places_.end()) return {tokens_[known->second].id, "given before"};
    const auto in_model = vocabulary_.find(content);
    return in_model ? Place{*in_model, "the model's vocabulary"}
                    : Place{next_id_, "the next free id"};
  }

  static std::string wrong_id(const Place& place, std::int64_t found) {
    return "expected " + std::to_string(place.id) + " (" + place.why + "), found " +
           std::to_string(found);
  }

  void put(AddedToken token, const Place& place) {
    token.id = static_cast<TokenId>(place.id);
    next_id_ += place.id == next_id_ ? 1 : 0;
    const auto [at, is_new] = places_.try_emplace(token.content, tokens_.size());
    if (is_new) {
      tokens_.push_back(std::move(token));
    } else {
      tokens_[at->second] = std::move(token);
    }
  }

  const Vocabulary& vocabulary_;
  std::int64_t next_id_;
  std::vector<AddedToken> tokens_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace

std::vector<AddedToken> read_added_tokens(const Fields& fields, const Vocabulary& vocabulary,
                                          const TokenizerConfig& config) {
  Reader reader(vocabulary);
  if (fields.has("added_tokens")) {
    for (const Fields& entry : fields.objects("added_tokens")) {
      reader.add(entry);
    }
  }
  for (const AddedToken& token : config.added) {
    reader.add(token, config.added_counts);
  }
  for (const AddedToken& token : config.specials) {
    reader.add_named(token);
  }
  std::vector<AddedToken> tokens = reader.take();
  for (AddedToken& token : tokens) {
    token.sought = !(token.special && config.split_special_tokens);
  }
  return tokens;
}

}  // namespace souvenir::tokenizing
