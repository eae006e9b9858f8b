#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/language_model.h"

namespace souvenir {

// Token sequences that begin alike, as a tree: what several share stands in it once.
//
// A run is a stretch of tokens that a model must read with nothing to choose in between; it ends
// where the sequences part. The last token of a sequence is in no run: it is only predicted. An
// edge is a token that follows another in some sequence. Runs and edges stand behind those that
// they continue.
//
// Holds token ids of subjects. Immutable once built.
class TokenTrie {
 public:
  //   past           tokens before its own
  //   children       runs [first_child, first_child + children)
  //   inner_tokens   of the runs with children on the way down from here, itself included, where
  //                  that is most: what must be kept to go down
  //   inner_height   runs with children on the longest way down, itself included
  struct Run {
    std::int64_t parent = -1;
    std::int64_t past = 0;
    std::vector<TokenId> tokens = {};
    std::size_t first_child = 0, children = 0;
    std::int64_t inner_tokens = 0, inner_height = 0;
  };

  //   run, at  the token that is followed: its run, and its place in the whole sequence
  //   token    the one that follows
  //   before   the edge to the token that is followed; -1: nothing stands before it
  //   wanted   some sequence asks for its log-probability
  struct Edge {
    std::size_t run = 0;
    std::size_t at = 0;
    TokenId token = 0;
    std::int64_t before = -1;
    bool wanted = false;
  };

  // Requires  requests with something to score
  explicit TokenTrie(std::span<const ScoreRequest> requests);

  const std::vector<Run>& runs() const { return runs_; }
  const std::vector<Edge>& edges() const { return edges_; }
  // Runs [0, roots) continue nothing.
  std::size_t roots() const { return roots_; }
  // Edges of run i are [first_edges()[i], first_edges()[i + 1]).
  const std::vector<std::size_t>& first_edges() const { return first_edges_; }

  // The run of the last token that a request has the model read.
  std::size_t last_run(std::size_t request) const {
    return edges_[static_cast<std::size_t>(ends_[request].to)].run;
  }

  // Tokens of all runs: what must be computed.
  std::int64_t tokens() const;

  //   log_probs  [edges] nats, where wanted
  //
  // Returns  [requests] the sum over what each scores
  std::vector<double> totals(std::span<const double> log_probs) const;

 private:
  struct Text;
  struct Open;
  void grow(const std::vector<Text>& texts, const Open& open, std::vector<Open>& next);
  std::int64_t add_edge(const std::vector<Text>& texts, const Open& way);
  void measure();

  // The edges between which a request scores; -1: from the beginning.
  struct Ends {
    std::int64_t from = -1, to = -1;
  };

  std::vector<Run> runs_;
  std::vector<Edge> edges_;
  std::vector<std::size_t> first_edges_;
  std::vector<Ends> ends_;
  std::size_t roots_ = 0;
};

}  // namespace souvenir
