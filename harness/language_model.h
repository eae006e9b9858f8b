#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/early_stop.h"
#include "harness/evidence/adapter_info.h"
#include "harness/evidence/observation.h"
#include "harness/types.h"

namespace souvenir {

// Says how a sampler turns logits into a distribution: temperature, then top-k (ties with the
// k-th logit are kept), then top-p (the smallest head of the sorted distribution whose mass reaches
// p; at least one token), each renormalised. This is the order of Hugging Face transformers.
//
//   temperature  > 0
//   top_k        0: no limit
//   top_p        in (0, 1]; 1: no limit
struct DecodingRule {
  double temperature = 1.0;
  std::int64_t top_k = 0;
  double top_p = 1.0;

  bool operator==(const DecodingRule&) const = default;
};

// Asks for the log-probabilities of `ids` given `prefix_ids`. Nothing is added in front: with an
// empty prefix the first of `ids` is unscored, and the observation speaks of the rest.
//
//   may_stop  where ScoreOptions::early_stop says when, the answer may end before `ids` do
struct ScoreRequest {
  std::vector<TokenId> prefix_ids;
  std::vector<TokenId> ids;
  bool may_stop = false;

  std::span<const TokenId> scored() const {
    return std::span(ids).subspan(prefix_ids.empty() ? 1 : 0);
  }
};

struct ScoreOptions {
  std::vector<DecodingRule> rules = {};
  std::vector<double> temperatures = {};
  int top = 0;  // 0 to 64 most likely tokens to record per scored token
  std::optional<EarlyStop> early_stop = {};
};

// The answer to one request: either an observation, or why there is none. Never truncated.
struct ScoreResult {
  std::optional<ScoreObservation> observation;
  std::string refusal;  // names the cause, never the text
};

// Log-probabilities of whole `ids`, and nothing else.
//
//   log_probs  [requests] nats, summed; nothing where the request is refused
//   forwards   tokens that the model read for it
struct TotalScores {
  std::vector<std::optional<double>> log_probs;
  std::int64_t forwards = 0;
};

// Asks for continuations of `prefix_ids`. `stream` names the random stream: the same stream,
// options and model give the same continuation whatever else is in the batch.
//
//   prefix_ids  at least one token
//   stream      e.g. the first 8 bytes of the request digest
struct GenerateRequest {
  std::vector<TokenId> prefix_ids;
  std::uint64_t stream = 0;
};

struct GenerateOptions {
  std::int64_t max_new_tokens = 50;
  std::int64_t samples = 1;               // continuations per request
  std::optional<DecodingRule> rule = {};  // absent: greedy (ties: the lowest id)
  std::uint64_t seed = 0;
};

struct GenerateResult {
  std::vector<Generation> samples;  // [options.samples]
  std::string refusal;
};

// How the layers of a model that does not fit into memory are read: once for so many tokens.
//
//   pass_tokens   tokens that should pass through the layers together; 0: the layers stay in memory
//   memory_bytes  what the process was given
struct LayerReading {
  std::int64_t pass_tokens = 0;
  std::int64_t memory_bytes = 0;
};

// What was loaded, for the evidence.
//
//   context_tokens  most tokens a request may have; 0: no limit known
//   parameters      number of distinct weights (a tied head counts once)
//   *_dtype         float32, bfloat16 or float16; of quantised weights, how most are stored: Q4_1
//   quantisation    how quantised weights are stored, e.g. "Q4_1, Q8_0"; empty: they are not
//   device          cpu or cuda:N
struct ModelInfo {
  std::string architecture;
  std::int64_t vocabulary = 0;
  std::int64_t context_tokens = 0;
  std::int64_t layers = 0;
  std::int64_t parameters = 0;
  std::string stored_dtype;
  std::string quantisation;
  std::string compute_dtype;
  std::string device;
  int threads = 1;
  std::vector<TokenId> eos_ids;  // generation stops at any of these
  std::vector<FileDigest> files;
  std::optional<AdapterInfo> adapter;
  std::vector<std::string> notes;  // e.g. attention computed without a window it does not need
  LayerReading layers_read;
};

// Answers requests about token sequences. Immutable: const methods may be called from any
// thread, one at a time per object. Owns its weights.
//
// Refuses, per request and by name, what exceeds its context, an id outside the vocabulary, and
// logits that are NaN or infinite; never truncates, never repairs.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  virtual const ModelInfo& info() const = 0;

  // Scores every request in one packed pass. The caller decides what a batch is.
  //
  // Returns  [requests] in the order asked
  // Exact    independent of the composition of the batch and of threads to 1e-5 nats in float32
  // Errors   resource (memory, device); never for a single request
  virtual std::vector<ScoreResult> score(std::span<const ScoreRequest> requests,
                                         const ScoreOptions& options) const = 0;

  // Is told how far a pass over several batches has come, as a share of 1; false stops it.
  using GoOn = std::function<bool(double share)>;

  // Scores several batches, each as `score` would: what it returns of one does not depend on the
  // others, to the bit. Where layers are read for every pass, they are read once for all of these.
  //
  // Returns  [batches], each in the order asked; nothing if it was stopped
  // Errors   as score
  virtual std::vector<std::vector<ScoreResult>> score_batches(
      std::span<const std::vector<ScoreRequest>> batches, const ScoreOptions& options,
      const GoOn& go_on) const {
    std::vector<std::vector<ScoreResult>> results;
    for (const std::vector<ScoreRequest>& batch : batches) {
      if (!go_on(static_cast<double>(results.size()) / static_cast<double>(batches.size())))
        return {};
      results.push_back(score(batch, options));
    }
    return results;
  }

  // Scores requests that begin alike, in as many passes as the budget needs; what several have in
  // common may be computed once. Here: each by itself, from its beginning.
  //
  //   token_budget  most tokens in one pass
  //
  // Returns  [requests] in the order asked
  // Exact    as score, for each token
  // Errors   as score
  virtual TotalScores score_totals(std::span<const ScoreRequest> requests,
                                   std::int64_t token_budget) const;

  // Continues every request.
  //
  // Returns  [requests] in the order asked
  // Random   the stream (options.seed, request.stream, sample, step)
  // Errors   as score
  virtual std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests,
                                               const GenerateOptions& options) const = 0;
};

}  // namespace souvenir
