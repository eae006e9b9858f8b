#include "harness/backend/shared_rows.h"

#include "harness/backend/token_trie.h"

namespace souvenir {

SharedRows share_rows(std::span<const ScoreRequest> requests) {
  const TokenTrie trie(requests);
  const std::vector<TokenTrie::Run>& runs = trie.runs();
  SharedRows shared;
  std::vector<std::int64_t> begins;  // [runs] first row
  // A run's past is that of its parent and the parent itself: the same for all its children.
  shared.kept.resize(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const TokenTrie::Run& run = runs[i];
    begins.push_back(static_cast<std::int64_t>(shared.ids.size()));
    const auto tokens = static_cast<std::int64_t>(run.tokens.size());
    Segment segment{begins[i], tokens, run.past};
    if (run.parent >= 0) segment.before = shared.kept[static_cast<std::size_t>(run.parent)];
    shared.segments.push_back(segment);
    shared.kept[i].assign(segment.before.begin(), segment.before.end());
    shared.kept[i].push_back({begins[i], tokens});
    for (std::int64_t t = 0; t < tokens; ++t) {
      shared.ids.push_back(run.tokens[static_cast<std::size_t>(t)]);
      shared.positions.push_back(run.past + t);
    }
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto run = static_cast<std::int64_t>(trie.last_run(i));
    std::vector<std::int64_t>& rows =
        shared.rows.emplace_back(requests[i].prefix_ids.size() + requests[i].ids.size() - 1);
    for (std::size_t t = rows.size(); t-- > 0;) {
      while (static_cast<std::int64_t>(t) < runs[static_cast<std::size_t>(run)].past)
        run = runs[static_cast<std::size_t>(run)].parent;
      const auto r = static_cast<std::size_t>(run);
      rows[t] = begins[r] + static_cast<std::int64_t>(t) - runs[r].past;
    }
  }
  return shared;
}

}  // namespace souvenir
