#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/boundary.h"
#include "harness/canary_space.h"
#include "harness/language_model.h"
#include "harness/probe.h"
#include "harness/tokenizer.h"

namespace souvenir {

// Counts the secrets of a space that a model puts above one of them, without asking for the others:
// beginnings of secrets are continued token by token, the likeliest first, and none that is already
// less likely than the whole secret.
//
// A secret counts as the tokenizer cuts it; other ways of spelling it do not. Spaces where that
// cannot be told from tokens alone are not searched: where the text before the secret is cut
// differently for different secrets (looked for in a sample of them, and in every secret found), or
// where tokens do not stand for stretches of the text.
//
// Borrows everything it is made of. Not thread-safe.
class CandidateSearch {
 public:
  //   token_budget  most tokens in one pass of the model
  CandidateSearch(const LanguageModel& model, const Tokenizer& tokenizer, const BosDecision& bos,
                  std::int64_t token_budget);

  //   forwards  tokens that the model may read; it may go over by one round
  //
  // Returns  nothing where the space cannot be searched, or the model refuses a question
  // Ties     within 1e-5 nats
  std::optional<SearchedRank> rank(const CanarySpace& space, std::string_view prefix,
                                   std::string_view secret, std::int64_t forwards);

 private:
  struct Task;
  struct Node;
  std::optional<Task> task_of(const CanarySpace& space, std::string_view prefix,
                              std::string_view secret) const;
  std::optional<std::string> spelling(const std::vector<TokenId>& ids) const;
  bool cut_alike(const Task& task) const;
  bool is_secret(const Task& task, const Node& node) const;
  const std::vector<TokenId>& following(const Task& task, const std::string& text);
  bool expand(const Task& task, const std::vector<Node>& nodes, std::vector<Node>& open,
              SearchedRank& found);

  const LanguageModel& model_;
  const Tokenizer& tokenizer_;
  const BosDecision& bos_;
  std::int64_t token_budget_;
  std::vector<std::string> pieces_;  // [ids] the bytes each adds to a text
  std::map<std::string, std::vector<TokenId>> following_;
};

}  // namespace souvenir
