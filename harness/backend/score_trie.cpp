#include "harness/backend/score_trie.h"

#include <algorithm>
#include <utility>

#include "harness/backend/packed_rows.h"

namespace souvenir {
namespace {

// Runs that are asked together.
struct Part {
  std::size_t begin = 0, end = 0;
};

// Siblings and cousins one level below what is kept.
//
//   next  the first run that is not done
//   top   rows kept above this level
struct Level {
  std::size_t next = 0, end = 0;
  std::int64_t top = 0;
};

class Walk {
 public:
  Walk(const Transformer& model, const Head& head, const TokenTrie& trie, std::int64_t token_budget,
       std::int64_t kept_rows)
      : model_(model),
        head_(head),
        trie_(trie),
        budget_(token_budget),
        capacity_(kept_rows),
        cache_(KeyValueCache::of_rows(model.spec(), kept_rows, model.device(), model.dtype())),
        kept_(trie.runs().size()),
        log_probs_(trie.edges().size()) {}

  std::vector<double> run() {
    std::vector<Level> levels = {{0, trie_.roots(), 0}};
    while (!levels.empty()) {
      Level& level = levels.back();
      if (level.next == level.end) {
        levels.pop_back();
        continue;
      }
      const Part part = next_part(level);
      const std::int64_t top = ask(part, level.top);
      level.next = part.end;
      Level below{0, 0, top};
      for (std::size_t i = part.begin; i < part.end; ++i) {
        const TokenTrie::Run& run = trie_.runs()[i];
        if (run.children == 0) continue;
        if (below.end == 0) below.next = run.first_child;
        below.end = run.first_child + run.children;
      }
      if (below.end > 0) levels.push_back(below);
    }
    return std::move(log_probs_);
  }

 private:
  // As many runs as the budget of tokens and the room for what must be kept allow, which is shared
  // by the levels that are still to come; always at least one.
  Part next_part(const Level& level) const {
    std::int64_t tokens = 0, kept = 0, below = 0, height = 0;
    std::size_t end = level.next;
    for (; end < level.end; ++end) {
      const TokenTrie::Run& run = trie_.runs()[end];
      const auto more = static_cast<std::int64_t>(run.tokens.size());
      const std::int64_t keeps = run.children > 0 ? more : 0;
      const std::int64_t room = capacity_ - level.top;
      const std::int64_t deepest = std::max(below, run.inner_tokens - keeps);
      height = std::max(height, run.inner_height);
      const bool fits = tokens + more <= budget_ && kept + keeps + deepest <= room &&
                        (height == 0 || kept + keeps <= room / height);
      if (end > level.next && !fits) break;
      tokens += more;
      kept += keeps;
      below = deepest;
    }
    return {level.next, end};
  }

  // Computes a part and fills in the edges behind its runs. Returns how many rows are kept then.
  std::int64_t ask(const Part& part, std::int64_t top) {
    PackedRows rows;
    std::vector<Head::Asked> asked;
    std::vector<std::size_t> asked_edges;
    for (std::size_t i = part.begin; i < part.end; ++i) {
      const TokenTrie::Run& run = trie_.runs()[i];
      const auto tokens = static_cast<std::int64_t>(run.tokens.size());
      const auto first = static_cast<std::int64_t>(rows.ids.size());
      Segment segment{0, 0, run.past, -1, 0, before(run)};
      if (run.children > 0) {
        segment.slot = top;
        keep(i, {top, tokens});
        top += tokens;
      }
      rows.add(run.tokens, segment);
      for (std::size_t e = trie_.first_edges()[i]; e < trie_.first_edges()[i + 1]; ++e) {
        const TokenTrie::Edge& edge = trie_.edges()[e];
        if (!edge.wanted) continue;
        const std::int64_t row = first + static_cast<std::int64_t>(edge.at) - run.past;
        if (rows.wanted.empty() || rows.wanted.back() != row) rows.wanted.push_back(row);
        asked.push_back({static_cast<std::int64_t>(rows.wanted.size()) - 1, edge.token});
        asked_edges.push_back(e);
      }
    }
    if (rows.wanted.empty()) rows.wanted.push_back(0);  // the runs are there to be continued
    if (model_.wants_round_rows()) rows.fill_up();
    const ForwardInput input = rows.input(model_.device(), &cache_);
    const at::Tensor hidden = model_.forward(input.tokens, input.wanted, input.cache);
    if (asked.empty()) return top;
    const std::vector<double> found = head_.log_probs(hidden, asked);
    for (std::size_t i = 0; i < found.size(); ++i) log_probs_[asked_edges[i]] = found[i];
    return top;
  }

  std::span<const KeptRows> before(const TokenTrie::Run& run) const {
    return run.parent < 0 ? std::span<const KeptRows>()
                          : std::span<const KeptRows>(kept_[static_cast<std::size_t>(run.parent)]);
  }

  // Notes where a run's whole past and the run itself stand, for its children.
  void keep(std::size_t index, KeptRows rows) {
    const auto above = before(trie_.runs()[index]);
    kept_[index].assign(above.begin(), above.end());
    kept_[index].push_back(rows);
  }

  const Transformer& model_;
  const Head& head_;
  const TokenTrie& trie_;
  std::int64_t budget_, capacity_;
  KeyValueCache cache_;
  std::vector<std::vector<KeptRows>> kept_;  // [runs]
  std::vector<double> log_probs_;
};

}  // namespace

std::vector<double> score_trie(const Transformer& transformer, const Head& head,
                               const TokenTrie& trie, std::int64_t token_budget,
                               std::int64_t kept_bytes) {
  std::int64_t inner = 0, deepest = 0;
  for (const TokenTrie::Run& run : trie.runs()) {
    inner += run.children > 0 ? static_cast<std::int64_t>(run.tokens.size()) : 0;
    deepest = std::max(deepest, run.inner_tokens);
  }
  const std::int64_t affordable =
      kept_bytes / KeyValueCache::row_bytes(transformer.spec(), transformer.dtype());
  const std::int64_t rows = std::max({std::min(inner, affordable), deepest, std::int64_t{1}});
  return Walk(transformer, head, trie, token_budget, rows).run();
}

}  // namespace souvenir
