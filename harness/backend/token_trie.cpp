#include "harness/backend/token_trie.h"

#include <algorithm>

namespace souvenir {

// A request's whole sequence.
//
//   scored  first position that it scores
struct TokenTrie::Text {
  std::span<const TokenId> prefix, ids;
  std::size_t request = 0;
  std::size_t scored = 0;

  std::size_t size() const { return prefix.size() + ids.size(); }
  TokenId operator[](std::size_t i) const {
    return i < prefix.size() ? prefix[i] : ids[i - prefix.size()];
  }
};

// Texts [begin, end) that share tokens [0, at], the last of which begins a run.
//
//   edge  to that token
struct TokenTrie::Open {
  std::size_t begin = 0, end = 0, at = 0;
  std::int64_t parent = -1, edge = -1;
};

TokenTrie::TokenTrie(std::span<const ScoreRequest> requests) : ends_(requests.size()) {
  std::vector<Text> texts;
  texts.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::vector<TokenId>& prefix = requests[i].prefix_ids;
    const std::vector<TokenId>& ids = requests[i].ids;
    texts.push_back({prefix, ids, i, std::max<std::size_t>(prefix.size(), 1)});
  }
  std::stable_sort(texts.begin(), texts.end(), [](const Text& a, const Text& b) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
      if (a[i] != b[i]) return a[i] < b[i];
    return a.size() < b.size();
  });
  std::vector<Open> level;
  for (std::size_t begin = 0; begin < texts.size();) {
    std::size_t end = begin;
    while (end < texts.size() && texts[end][0] == texts[begin][0]) ++end;
    level.push_back({begin, end, 0});
    begin = end;
  }
  roots_ = level.size();
  // Level by level, so that children stand together and behind their parents.
  while (!level.empty()) {
    std::vector<Open> next;
    for (const Open& open : level) grow(texts, open, next);
    std::size_t child = runs_.size();
    for (const Open& open : next) {
      Run& parent = runs_[static_cast<std::size_t>(open.parent)];
      if (parent.children++ == 0) parent.first_child = child;
      ++child;
    }
    level = std::move(next);
  }
  first_edges_.push_back(edges_.size());
  measure();
}

// Adds the run that begins at `open`, its edges, and what goes on behind it to `next`.
void TokenTrie::grow(const std::vector<Text>& texts, const Open& open, std::vector<Open>& next) {
  const std::size_t index = runs_.size();
  Run run{.parent = open.parent, .past = static_cast<std::int64_t>(open.at)};
  first_edges_.push_back(edges_.size());
  std::size_t begin = open.begin, at = open.at;
  std::int64_t edge = open.edge;
  for (;; ++at) {
    run.tokens.push_back(texts[begin][at]);
    while (texts[begin].size() == at + 1) ++begin;  // sorted: what ends here comes first
    const Text& last = texts[open.end - 1];
    const bool one_way = texts[begin][at + 1] == last[at + 1];
    if (!one_way || last.size() == at + 2) break;
    edge = add_edge(texts, {begin, open.end, at + 1, static_cast<std::int64_t>(index), edge});
  }
  while (begin < open.end) {
    std::size_t end = begin + 1;
    while (end < open.end && texts[end][at + 1] == texts[begin][at + 1]) ++end;
    Open way{begin, end, at + 1, static_cast<std::int64_t>(index), edge};
    way.edge = add_edge(texts, way);
    if (texts[end - 1].size() > at + 2) next.push_back(way);
    begin = end;
  }
  runs_.push_back(std::move(run));
}

// Adds the edge to the token at `way.at`, behind `way.edge`. Returns its index.
std::int64_t TokenTrie::add_edge(const std::vector<Text>& texts, const Open& way) {
  const auto index = static_cast<std::int64_t>(edges_.size());
  Edge edge{static_cast<std::size_t>(way.parent), way.at - 1, texts[way.begin][way.at], way.edge};
  for (std::size_t i = way.begin; i < way.end; ++i) {
    const Text& text = texts[i];
    Ends& ends = ends_[text.request];
    if (text.scored == way.at + 1) ends.from = index;
    if (text.size() == way.at + 1) ends.to = index;
    edge.wanted = edge.wanted || text.scored <= way.at;
  }
  edges_.push_back(edge);
  return index;
}

void TokenTrie::measure() {
  for (std::size_t i = runs_.size(); i-- > 0;) {
    Run& run = runs_[i];
    if (run.children > 0) {
      run.inner_tokens += static_cast<std::int64_t>(run.tokens.size());
      ++run.inner_height;
    }
    if (run.parent < 0) continue;
    Run& parent = runs_[static_cast<std::size_t>(run.parent)];
    parent.inner_tokens = std::max(parent.inner_tokens, run.inner_tokens);
    parent.inner_height = std::max(parent.inner_height, run.inner_height);
  }
}

std::int64_t TokenTrie::tokens() const {
  std::int64_t tokens = 0;
  for (const Run& run : runs_) tokens += static_cast<std::int64_t>(run.tokens.size());
  return tokens;
}

std::vector<double> TokenTrie::totals(std::span<const double> log_probs) const {
  std::vector<double> sums(edges_.size());
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    const Edge& edge = edges_[i];
    sums[i] = (edge.before < 0 ? 0.0 : sums[static_cast<std::size_t>(edge.before)]) +
              (edge.wanted ? log_probs[i] : 0.0);
  }
  const auto sum = [&](std::int64_t edge) {
    return edge < 0 ? 0.0 : sums[static_cast<std::size_t>(edge)];
  };
  std::vector<double> totals;
  totals.reserve(ends_.size());
  for (const Ends& ends : ends_) totals.push_back(sum(ends.to) - sum(ends.from));
  return totals;
}

}  // namespace souvenir
