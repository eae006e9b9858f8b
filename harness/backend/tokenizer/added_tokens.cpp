#include "harness/backend/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "harness/backend/tokenizer/unicode.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

char32_t code_point_before(std::string_view text, std::size_t position) {
  std::size_t begin = character_begin(text, position - 1);
  return next_code_point(text, begin);
}

char32_t code_point_at(std::string_view text, std::size_t position) {
  return next_code_point(text, position);
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is_word(code_point_before(text, begin))) &&
         (end == text.size() || !is_word(code_point_at(text, end)));
}

std::size_t skip_space_left(std::string_view text, std::size_t position) {
  while (position > 0 && is_white_space(code_point_before(text, position))) {
    position = character_begin(text, position - 1);
  }
  return position;
}

std::size_t skip_space_right(std::string_view text, std::size_t position) {
  while (position < text.size() && is_white_space(code_point_at(text, position))) {
    position = character_end(text, position + 1);
  }
  return position;
}

}  // namespace

void StringFinder::add(std::string_view string, std::size_t index) {
  if (string.empty()) {
    throw Error(ErrorKind::input,
                "added_tokens: token " + std::to_string(index) + " is empty once normalised");
  }
  if (nodes_.empty()) {
    nodes_.emplace_back();
  }
  std::size_t at = 0;
  for (const char c : string) {
    const auto byte = static_cast<unsigned char>(c);
    const Edge* existing = edge(nodes_[at], byte);
    if (existing != nullptr) {
      at = existing->node;
      continue;
    }
    const auto fresh = static_cast<std::uint32_t>(nodes_.size());
    auto& edges = nodes_[at].edges;
    const auto place = std::lower_bound(edges.begin(), edges.end(), byte,
                                        [](const Edge& e, unsigned char b) { return e.byte < b; });
    edges.insert(place, {byte, fresh});
    if (at == 0) {
      roots_[byte] = fresh;
    }
    nodes_.emplace_back();
    at = fresh;
  }
  if (nodes_[at].index) {
    throw Error(ErrorKind::input, "added_tokens: tokens " + std::to_string(*nodes_[at].index) +
                                      " and " + std::to_string(index) +
                                      " are looked for as the same string");
  }
  nodes_[at].index = index;
}

const StringFinder::Edge* StringFinder::edge(const Node& node, unsigned char byte) const {
  const auto place = std::lower_bound(node.edges.begin(), node.edges.end(), byte,
                                      [](const Edge& e, unsigned char b) { return e.byte < b; });
  return place == node.edges.end() || place->byte != byte ? nullptr : &*place;
}

std::optional<StringFinder::Found> StringFinder::find(std::string_view text,
                                                      std::size_t from) const {
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    std::uint32_t at = roots_[static_cast<unsigned char>(text[begin])];
    std::optional<Found> longest;
    for (std::size_t end = begin + 1; at != 0; ++end) {
      const Node& node = nodes_[at];
      if (node.index) {
        longest = Found{begin, end, *node.index};
      }
      const Edge* next =
          end < text.size() ? edge(node, static_cast<unsigned char>(text[end])) : nullptr;
      at = next == nullptr ? 0 : next->node;
    }
    if (longest) {
      return longest;
    }
  }
  return std::nullopt;
}

void AddedTokens::build(std::vector<AddedToken> tokens, std::vector<std::string> normal_forms) {
  tokens_ = std::move(tokens);
  normal_forms_ = std::move(normal_forms);
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    by_id_[tokens_[i].id] = i;
    if (!tokens_[i].sought) {
      continue;
    }
    if (tokens_[i].normalized) {
      normalized_.add(normal_forms_[i], i);
    } else {
      raw_.add(tokens_[i].content, i);
    }
  }
}

std::vector<Stretch> AddedTokens::cut(std::string_view text, const StringFinder& finder) const {
  std::vector<Stretch> stretches;
  std::size_t done = 0;
  std::size_t from = 0;
  while (const auto found = finder.find(text, from)) {
    from = found->end;
    const AddedToken& token = tokens_[found->index];
    std::size_t begin = found->begin;
    std::size_t end = found->end;
    if (token.single_word && !stands_alone(text, begin, end)) {
      continue;
    }
    if (token.lstrip) {
      begin = std::max(skip_space_left(text, begin), done);
    }
    if (token.rstrip) {
      end = skip_space_right(text, end);
    }
    if (begin > end) {
      throw Error(ErrorKind::input,
                  "added_tokens: a token of white space follows one that takes it along");
    }
    if (done < begin) {
      stretches.push_back({done, begin, nullptr});
    }
    stretches.push_back({begin, end, &token});
    done = end;
  }
  if (done != text.size()) {
    stretches.push_back({done, text.size(), nullptr});
  }
  return stretches;
}

const std::string* AddedTokens::decoded(TokenId id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) {
    return nullptr;
  }
  const std::size_t i = found->second;
  return tokens_[i].normalized ? &normal_forms_[i] : &tokens_[i].content;
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(), [&](const AddedToken& token) {
    return token.content == content;
  });
  return found == tokens_.end() ? nullptr : &*found;
}

}  // namespace souvenir::tokenizing
