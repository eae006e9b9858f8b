#include "harness/backend/tokenizer/byte_trie.h"

#include <algorithm>

namespace souvenir::tokenizing {

namespace {

// The tokens that share the bytes above a node, in a sorted list.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t depth = 0;
};

}  // namespace

ByteTrie::ByteTrie(const Vocabulary& vocabulary) {
  std::vector<TokenId> sorted;
  for (std::size_t id = 0; id < vocabulary.id_limit(); ++id) {
    const auto token_id = static_cast<TokenId>(id);
    if (vocabulary.has(token_id) && !vocabulary.token(token_id).empty()) {
      sorted.push_back(token_id);
    }
  }
  std::sort(sorted.begin(), sorted.end(),
            [&](TokenId a, TokenId b) { return vocabulary.token(a) < vocabulary.token(b); });
  nodes_.emplace_back();
  std::vector<Span> spans{{0, sorted.size(), 0}};  // [nodes_]
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    Span span = spans[node];
    if (span.begin < span.end && vocabulary.token(sorted[span.begin]).size() == span.depth) {
      nodes_[node].id = sorted[span.begin++];  // the shortest of them ends here
    }
    nodes_[node].children = static_cast<std::uint32_t>(nodes_.size());
    while (span.begin < span.end) {
      const auto byte_of = [&](std::size_t i) {
        return static_cast<unsigned char>(vocabulary.token(sorted[i])[span.depth]);
      };
      const unsigned char byte = byte_of(span.begin);
      std::size_t end = span.begin + 1;
      while (end < span.end && byte_of(end) == byte) {
        ++end;
      }
      if (node == 0) {
        roots_[byte] = static_cast<std::uint32_t>(nodes_.size());
      }
      ++nodes_[node].count;
      nodes_.push_back({0, 0, byte, -1});
      spans.push_back({span.begin, end, span.depth + 1});
      span.begin = end;
    }
  }
}

std::uint32_t ByteTrie::child(std::uint32_t node, unsigned char byte) const {
  if (node == 0) {
    return roots_[byte];
  }
  const Node& parent = nodes_[node];
  const auto begin = nodes_.begin() + parent.children;
  const auto end = begin + parent.count;
  const auto found = std::lower_bound(
      begin, end, byte, [](const Node& candidate, unsigned char b) { return candidate.byte < b; });
  return found != end && found->byte == byte ? static_cast<std::uint32_t>(found - nodes_.begin())
                                             : 0;
}

}  // namespace souvenir::tokenizing
