#include "harness/candidate_search.h"

#include <algorithm>
#include <utility>

#include "harness/written_text.h"
#include "metrics/rng.h"

namespace souvenir {

namespace {

constexpr double kTie = 1e-5;               // nats, as where a space is asked whole
constexpr int kSample = 64;                 // secrets whose cut is compared with the canary's
constexpr std::size_t kRoundNodes = 64;     // beginnings that are continued together
constexpr std::size_t kRoundAsked = 50000;  // continuations asked for in one round, about

// What may follow `text`, which begins with the end of a prefix: two texts with one key go on
// alike.
std::optional<std::string> key_of(const CanarySpace& space, std::string_view lead,
                                  std::string_view text) {
  const std::size_t shared = std::min(lead.size(), text.size());
  if (text.substr(0, shared) != lead.substr(0, shared)) return std::nullopt;
  if (text.size() < lead.size()) return "lead:" + std::to_string(text.size());
  return space.key_of(text.substr(lead.size()));
}

}  // namespace

// One canary among its space.
//
//   own   how the tokenizer cuts it
//   lead  the end of the prefix, where the first scored token begins inside it
struct CandidateSearch::Task {
  const CanarySpace& space;
  std::string_view prefix, secret;
  ScoreRequest own;
  std::string lead;
  double log_prob = 0.0;
};

// The beginning of a secret, `lead` included.
struct CandidateSearch::Node {
  double log_prob = 0.0;
  std::vector<TokenId> path = {};
  std::string text = {};

  // Orders a heap: the likeliest on top, then by path.
  bool operator<(const Node& other) const {
    return log_prob != other.log_prob ? log_prob < other.log_prob : path > other.path;
  }
};

CandidateSearch::CandidateSearch(const LanguageModel& model, const Tokenizer& tokenizer,
                                 const BosDecision& bos, std::int64_t token_budget)
    : model_(model), tokenizer_(tokenizer), bos_(bos), token_budget_(token_budget) {
  // Some decoders treat the first token of a text differently: each is read behind another.
  const std::vector<TokenId> first = tokenizer.encode("0", false).ids;
  const std::string before = tokenizer.decode(first);
  std::vector<TokenId> ids = first;
  ids.emplace_back();
  for (TokenId id = 0; id < std::min(tokenizer.info().vocabulary, model.info().vocabulary); ++id) {
    ids.back() = id;
    const std::string both = decode_written(tokenizer, ids);
    pieces_.push_back(both.starts_with(before) ? both.substr(before.size()) : "");
  }
}

std::optional<std::string> CandidateSearch::spelling(const std::vector<TokenId>& ids) const {
  std::string text;
  for (const TokenId id : ids) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= pieces_.size() || pieces_[index].empty()) return std::nullopt;
    text += pieces_[index];
  }
  return text;
}

std::optional<CandidateSearch::Task> CandidateSearch::task_of(const CanarySpace& space,
                                                              std::string_view prefix,
                                                              std::string_view secret) const {
  const auto cut = cut_string(tokenizer_, bos_, prefix, secret);
  if (!cut) return std::nullopt;
  const auto text = spelling(cut->request.ids);
  if (!text || text->size() < secret.size()) return std::nullopt;
  const std::string joined = std::string(prefix) + std::string(secret);
  if (!joined.ends_with(*text)) return std::nullopt;
  return Task{space, prefix, secret, cut->request, text->substr(0, text->size() - secret.size())};
}

bool CandidateSearch::cut_alike(const Task& task) const {
  Rng random(0, "candidate_search");
  for (int i = 0; i < kSample; ++i) {
    const auto other = task_of(task.space, task.prefix, task.space.sample(random));
    if (!other || other->own.prefix_ids != task.own.prefix_ids || other->lead != task.lead) {
      return false;
    }
  }
  return true;
}

const std::vector<TokenId>& CandidateSearch::following(const Task& task, const std::string& text) {
  const std::string key =
      task.space.id + '\n' + task.lead + '\n' + key_of(task.space, task.lead, text).value();
  const auto [at, added] = following_.try_emplace(key);
  for (std::size_t id = 0; added && id < pieces_.size(); ++id) {
    // What ends inside the prefix would be a part of it.
    if (pieces_[id].empty() || text.size() + pieces_[id].size() <= task.lead.size()) continue;
    if (key_of(task.space, task.lead, text + pieces_[id])) {
      at->second.push_back(static_cast<TokenId>(id));
    }
  }
  return at->second;
}

// Says whether the tokenizer would cut that secret so.
bool CandidateSearch::is_secret(const Task& task, const Node& node) const {
  const auto cut = cut_string(tokenizer_, bos_, task.prefix, node.text.substr(task.lead.size()));
  return cut && cut->request.prefix_ids == task.own.prefix_ids && cut->request.ids == node.path;
}

// Asks for all that may follow some beginnings. Returns false where the model refuses.
bool CandidateSearch::expand(const Task& task, const std::vector<Node>& nodes,
                             std::vector<Node>& open, SearchedRank& found) {
  std::vector<ScoreRequest> requests;
  std::vector<std::size_t> parents;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::vector<TokenId> before = task.own.prefix_ids;
    before.insert(before.end(), nodes[i].path.begin(), nodes[i].path.end());
    for (const TokenId id : following(task, nodes[i].text)) {
      requests.push_back({before, {id}});
      parents.push_back(i);
    }
  }
  const TotalScores scores = model_.score_totals(requests, token_budget_);
  found.forwards += scores.forwards;
  const std::size_t whole = task.lead.size() + task.space.bytes();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!scores.log_probs[i]) return false;
    const double log_prob = nodes[parents[i]].log_prob + *scores.log_probs[i];
    const double ahead = log_prob - task.log_prob;
    if (ahead < -kTie) continue;
    Node node = nodes[parents[i]];
    node.log_prob = log_prob;
    node.path.push_back(requests[i].ids.front());
    node.text += pieces_[static_cast<std::size_t>(node.path.back())];
    if (node.text.size() < whole) {
      open.push_back(std::move(node));
      std::push_heap(open.begin(), open.end());
    } else if (node.path != task.own.ids && is_secret(task, node)) {
      ++(ahead > kTie ? found.likelier : found.equal);
    }
  }
  return true;
}

std::optional<SearchedRank> CandidateSearch::rank(const CanarySpace& space, std::string_view prefix,
                                                  std::string_view secret, std::int64_t forwards) {
  auto task = task_of(space, prefix, secret);
  if (!task || !cut_alike(*task)) return std::nullopt;
  SearchedRank found{.log2_space = space.log2_size};
  const TotalScores own = model_.score_totals({&task->own, 1}, token_budget_);
  if (!own.log_probs.front()) return std::nullopt;
  task->log_prob = *own.log_probs.front();
  found.forwards = own.forwards;
  std::vector<Node> open(1);
  while (!open.empty() && found.forwards < forwards) {
    std::vector<Node> round;
    std::size_t asked = 0;
    while (!open.empty() && round.size() < kRoundNodes && asked < kRoundAsked) {
      std::pop_heap(open.begin(), open.end());
      round.push_back(std::move(open.back()));
      open.pop_back();
      asked += following(*task, round.back().text).size();
    }
    if (!expand(*task, round, open, found)) return std::nullopt;
  }
  found.complete = open.empty();
  return found;
}

}  // namespace souvenir
