#include "harness/backend/decoder_model.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <utility>

#include "harness/backend/check_weights.h"
#include "harness/backend/decoding_rule.h"
#include "harness/backend/generate.h"
#include "harness/backend/head.h"
#include "harness/backend/memory.h"
#include "harness/backend/score_trie.h"
#include "harness/backend/shared_rows.h"
#include "harness/backend/token_trie.h"
#include "harness/backend/transformer.h"
#include "harness/error.h"

namespace souvenir {
namespace {

// Says why token ids cannot be asked about, or nothing.
std::string refuse_ids(const ModelInfo& info, std::span<const TokenId> ids, const char* where) {
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || ids[i] >= info.vocabulary)
      return std::string(where) + "[" + std::to_string(i) + "]: id " + std::to_string(ids[i]) +
             " is outside the vocabulary of " + std::to_string(info.vocabulary);
  return {};
}

std::string refuse_length(const ModelInfo& info, std::int64_t tokens, const std::string& what) {
  if (info.context_tokens <= 0 || tokens <= info.context_tokens) return {};
  return what + ": " + std::to_string(tokens) + " tokens, but the model's context holds " +
         std::to_string(info.context_tokens);
}

std::string refuse(const ModelInfo& info, const ScoreRequest& request) {
  if (request.ids.empty()) return "ids: expected at least one, found none";
  if (request.prefix_ids.empty() && request.ids.size() == 1)
    return "nothing to score: a single id without a prefix has nothing before it";
  std::string reason = refuse_ids(info, request.prefix_ids, "prefix_ids");
  if (reason.empty()) reason = refuse_ids(info, request.ids, "ids");
  if (!reason.empty()) return reason;
  return refuse_length(info,
                       static_cast<std::int64_t>(request.prefix_ids.size() + request.ids.size()),
                       "prefix and ids");
}

std::string refuse(const ModelInfo& info, const GenerateRequest& request,
                   const GenerateOptions& options) {
  if (request.prefix_ids.empty()) return "prefix_ids: expected at least one, found none";
  std::string reason = refuse_ids(info, request.prefix_ids, "prefix_ids");
  if (!reason.empty()) return reason;
  return refuse_length(
      info, static_cast<std::int64_t>(request.prefix_ids.size()) + options.max_new_tokens,
      "prefix_ids and new tokens");
}

// Beyond some length the reference rotates the whole sequence anew: keys in a cache would be wrong.
std::string refuse_crossing(const DecoderSpec& spec, const GenerateRequest& request,
                            const GenerateOptions& options) {
  const auto tokens = static_cast<std::int64_t>(request.prefix_ids.size());
  for (const Rope& rope : spec.ropes) {
    if (!rope.beyond.empty() && tokens <= rope.beyond_tokens &&
        tokens + options.max_new_tokens - 1 > rope.beyond_tokens)
      return "a continuation across " + std::to_string(rope.beyond_tokens) +
             " tokens, where this model's rotary embedding changes, is not supported";
  }
  return "";
}

// Says whether what requests share may be rotated differently in some of them.
bool ropes_differ(const DecoderSpec& spec, std::span<const ScoreRequest> requests) {
  std::size_t longest = 0;
  for (const ScoreRequest& request : requests)
    longest = std::max(longest, request.prefix_ids.size() + request.ids.size());
  return std::any_of(spec.ropes.begin(), spec.ropes.end(), [&](const Rope& rope) {
    return !rope.beyond.empty() && static_cast<std::int64_t>(longest) > rope.beyond_tokens;
  });
}

void check(const ScoreOptions& options) {
  for (const DecodingRule& rule : options.rules) check_rule(rule);
  for (const double temperature : options.temperatures) check_rule({.temperature = temperature});
  if (options.top < 0 || options.top > 64)
    throw Error(ErrorKind::usage,
                "top: expected 0 to 64 tokens, found " + std::to_string(options.top));
}

void check(const GenerateOptions& options) {
  if (options.rule) check_rule(*options.rule);
  const auto refuse_below = [](const char* name, std::int64_t value, std::int64_t least) {
    if (value < least)
      throw Error(ErrorKind::usage, std::string(name) + ": expected at least " +
                                        std::to_string(least) + ", found " + std::to_string(value));
  };
  refuse_below("max new tokens", options.max_new_tokens, 0);
  refuse_below("samples", options.samples, 1);
}

// The accepted requests as one packed batch.
//
//   wanted   rows whose next token is scored
//   targets  [wanted] that token
//   owners   [requests] how many wanted rows are the request's; 0 where refused
struct Batch {
  std::vector<std::int64_t> ids, positions, wanted;
  std::vector<TokenId> targets;
  std::vector<std::size_t> scored;
  std::vector<Segment> segments;
  std::vector<std::vector<KeptRows>> kept;  // what segments point to

  // Packs requests whose beginnings, where they are the same, are computed alike.
  void share(const std::vector<ScoreRequest>& requests) {
    SharedRows shared = share_rows(requests);
    ids = std::move(shared.ids);
    positions = std::move(shared.positions);
    segments = std::move(shared.segments);
    kept = std::move(shared.kept);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const std::vector<TokenId>& scored_ids = requests[i].ids;
      const std::size_t prefix = requests[i].prefix_ids.size();
      for (std::size_t t = prefix == 0 ? 1 : 0; t < scored_ids.size(); ++t) {
        wanted.push_back(shared.rows[i][prefix + t - 1]);
        targets.push_back(scored_ids[t]);
      }
    }
  }

  // The last token is no input: nothing after it is scored.
  void add(const ScoreRequest& request) {
    const auto begin = static_cast<std::int64_t>(ids.size());
    const auto prefix = static_cast<std::int64_t>(request.prefix_ids.size());
    const auto append = [&](TokenId id) {
      positions.push_back(static_cast<std::int64_t>(ids.size()) - begin);
      ids.push_back(id);
    };
    for (const TokenId id : request.prefix_ids) append(id);
    for (std::size_t i = 0; i + 1 < request.ids.size(); ++i) append(request.ids[i]);
    const std::size_t first = prefix == 0 ? 1 : 0;
    for (std::size_t i = first; i < request.ids.size(); ++i) {
      wanted.push_back(begin + prefix + static_cast<std::int64_t>(i) - 1);
      targets.push_back(request.ids[i]);
    }
    const auto tokens = static_cast<std::int64_t>(ids.size()) - begin;
    segments.push_back({begin, tokens, 0, 0, tokens + 1});
  }

  // Fills a large batch up to a round number of rows, with a sequence that nobody asked for and
  // with answers that nobody reads.
  void fill_up() {
    const auto missing = [](std::size_t rows) {
      return static_cast<std::size_t>(rows_to_round(rows));
    };
    if (const std::size_t more = missing(ids.size()); more > 0) {
      segments.push_back(
          {static_cast<std::int64_t>(ids.size()), static_cast<std::int64_t>(more), 0, 0});
      // All at the first position, the only one that every context has.
      positions.resize(positions.size() + more, 0);
      ids.resize(ids.size() + more, 0);
    }
    if (const std::size_t more = missing(wanted.size()); more > 0) {
      wanted.resize(wanted.size() + more, wanted.back());
      targets.resize(targets.size() + more, targets.back());
    }
  }
};

void append(ScoreObservation& to, const Head::Row& row) {
  const RowSummary& s = row.summary;
  to.log_probs.push_back(s.log_prob);
  to.ranks.push_back(s.rank);
  to.ties.push_back(s.ties);
  to.gaps.push_back(s.gap);
  to.argmax.push_back(s.argmax);
  to.entropies.push_back(s.entropy);
  to.mean_log_probs.push_back(s.mean_log_prob);
  to.variance_log_probs.push_back(s.variance_log_prob);
  for (std::size_t i = 0; i < to.rule_log_probs.size(); ++i)
    to.rule_log_probs[i].push_back(row.rule_log_probs[i]);
  for (std::size_t i = 0; i < to.log_sum_exps.size(); ++i)
    to.log_sum_exps[i].push_back(s.log_sum_exps[i]);
}

ScoreResult result_of(std::span<Head::Row> rows, const ScoreOptions& options) {
  ScoreObservation observation;
  observation.rule_log_probs.resize(options.rules.size());
  observation.log_sum_exps.resize(options.temperatures.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].summary.finite)
      return {std::nullopt, "logits are NaN or infinite at scored token " + std::to_string(i)};
    append(observation, rows[i]);
    if (options.top == 0) continue;
    observation.top_ids.push_back(std::move(rows[i].summary.top_ids));
    observation.top_logits.push_back(std::move(rows[i].summary.top_logits));
  }
  return {std::move(observation), {}};
}

// Runs something on libtorch, whose exceptions stop here.
template <typename Run>
auto guarded(const Run& run) {
  try {
    const c10::InferenceMode no_gradients;
    return run();
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::resource, "model: not enough memory for this batch");
  } catch (const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    const bool memory = what.find("memory") != std::string::npos;
    throw Error(memory ? ErrorKind::resource : ErrorKind::internal,
                memory ? "model: not enough memory for this batch" : "model: libtorch: " + what);
  }
}

// A decoder and its head, as a LanguageModel. Owns its weights; const methods are safe from any
// thread, one at a time: they set libtorch's thread count, which belongs to the process.
class DecoderModel : public LanguageModel {
 public:
  DecoderModel(const DecoderSpec& spec, DecoderWeights weights, ModelInfo info, ReadLayer read,
               const DecoderPaths& paths)
      : info_(std::move(info)),
        paths_(paths),
        transformer_(spec, weights, paths, std::move(read)),
        head_(std::move(weights.head_weight), std::move(weights.head_bias), paths.packing,
              spec.logit_cap) {
    if (info_.threads <= 0) info_.threads = at::get_num_threads();
  }

  const ModelInfo& info() const override { return info_; }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests,
                                 const ScoreOptions& options) const override {
    return score_spans(std::span(&requests, 1), options, [](double) { return true; }).front();
  }

  std::vector<std::vector<ScoreResult>> score_batches(
      std::span<const std::vector<ScoreRequest>> batches, const ScoreOptions& options,
      const GoOn& go_on) const override {
    const std::vector<std::span<const ScoreRequest>> spans(batches.begin(), batches.end());
    return score_spans(spans, options, go_on);
  }

  TotalScores score_totals(std::span<const ScoreRequest> requests,
                           std::int64_t token_budget) const override {
    if (ropes_differ(transformer_.spec(), requests))
      return LanguageModel::score_totals(requests, token_budget);
    TotalScores totals{std::vector<std::optional<double>>(requests.size())};
    std::vector<ScoreRequest> accepted;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (!refuse(info_, requests[i]).empty()) continue;
      accepted.push_back(requests[i]);
      places.push_back(i);
    }
    if (accepted.empty()) return totals;
    const TokenTrie trie(accepted);
    const std::vector<double> log_probs = guarded([&] {
      use_threads();
      return score_trie(transformer_, head_, trie, token_budget);
    });
    const std::vector<double> found = trie.totals(log_probs);
    for (std::size_t i = 0; i < found.size(); ++i)
      if (!std::isnan(found[i])) totals.log_probs[places[i]] = found[i];
    totals.forwards = trie.tokens();
    return totals;
  }

  std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests,
                                       const GenerateOptions& options) const override {
    check(options);
    if (info_.layers_read.pass_tokens > 0)
      throw Error(ErrorKind::usage,
                  "this model is larger than its memory and read layer by layer: it scores, but "
                  "does not generate, which would read it whole for every token; give it more by "
                  "--memory");
    std::vector<GenerateResult> results(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      results[i].refusal = refuse(info_, requests[i], options);
      if (results[i].refusal.empty())
        results[i].refusal = refuse_crossing(transformer_.spec(), requests[i], options);
    }
    guarded([&] {
      use_threads();
      continue_prompts(transformer_, head_, requests, options, results);
    });
    return results;
  }

 private:
  void use_threads() const {
    if (at::get_num_threads() != info_.threads) at::set_num_threads(info_.threads);
  }

  using Results = std::vector<ScoreResult>;

  std::vector<Results> score_spans(std::span<const std::span<const ScoreRequest>> asked,
                                   const ScoreOptions& options, const GoOn& go_on) const {
    check(options);
    std::vector<Results> results(asked.size());
    std::vector<Batch> batches;
    std::vector<std::size_t> owners;  // of the batches that have rows
    for (std::size_t i = 0; i < asked.size(); ++i) {
      Batch batch = accept(asked[i], results[i]);
      if (batch.ids.empty()) continue;
      batches.push_back(std::move(batch));
      owners.push_back(i);
    }
    if (batches.empty()) return results;
    guarded([&] {
      use_threads();
      const std::vector<at::Tensor> hidden = forward(batches, go_on);
      if (hidden.empty()) results.clear();
      for (std::size_t i = 0; i < hidden.size(); ++i) {
        std::vector<Head::Row> rows =
            head_.score(hidden[i], batches[i].targets, options, paths_.head);
        hand_out(batches[i], rows, options, results[owners[i]]);
      }
    });
    return results;
  }

  // Packs the requests that can be answered, and says of the others why not.
  Batch accept(std::span<const ScoreRequest> requests, Results& results) const {
    results.resize(requests.size());
    Batch batch;
    const bool apart = ropes_differ(transformer_.spec(), requests);
    std::vector<ScoreRequest> accepted;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const ScoreRequest& request = requests[i];
      batch.scored.push_back(0);
      results[i].refusal = refuse(info_, request);
      if (!results[i].refusal.empty()) continue;
      batch.scored.back() = request.ids.size() - (request.prefix_ids.empty() ? 1 : 0);
      if (apart) {
        batch.add(request);
      } else {
        accepted.push_back(request);
      }
    }
    if (!accepted.empty()) batch.share(accepted);
    if (!batch.ids.empty()) batch.fill_up();
    return batch;
  }

  std::vector<at::Tensor> forward(const std::vector<Batch>& batches, const GoOn& go_on) const {
    const auto tensor = [&](const std::vector<std::int64_t>& values) {
      return at::tensor(at::ArrayRef<std::int64_t>(values), at::kLong).to(transformer_.device());
    };
    std::vector<ForwardInput> inputs;
    for (const Batch& batch : batches)
      inputs.push_back(
          {{tensor(batch.ids), tensor(batch.positions), batch.segments}, tensor(batch.wanted)});
    return transformer_.forward(inputs, go_on);
  }

  static void hand_out(const Batch& batch, std::vector<Head::Row>& rows,
                       const ScoreOptions& options, Results& results) {
    std::size_t first = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i].refusal.empty()) continue;
      results[i] = result_of(std::span(rows).subspan(first, batch.scored[i]), options);
      first += batch.scored[i];
    }
  }

  ModelInfo info_;
  DecoderPaths paths_;
  Transformer transformer_;
  Head head_;
};

}  // namespace

std::unique_ptr<LanguageModel> make_decoder_model(DecoderSpec spec, DecoderWeights weights,
                                                  ModelInfo info, const DecoderPaths& paths,
                                                  ReadLayer read) {
  check_weights(spec, weights, read ? LayersChecked::no : LayersChecked::yes);
  return guarded([&]() -> std::unique_ptr<LanguageModel> {
    if (info.threads > 0) at::set_num_threads(info.threads);
    auto model = std::make_unique<DecoderModel>(spec, std::move(weights), std::move(info),
                                                std::move(read), paths);
    keep_freed_memory();  // only now: the weights' own blocks were given back
    return model;
  });
}

}  // namespace souvenir
