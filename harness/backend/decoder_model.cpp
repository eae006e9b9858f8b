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
#include "harness/backend/score_stages.h"
#include "harness/backend/score_trie.h"
#include "harness/backend/scoring_batch.h"
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
      return score_trie(transformer_, head_, trie, token_budget, room());
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
                  "--memory" +
                      std::string(transformer_.dtype() == at::kFloat
                                      ? ", or take half of what float32 needs by --dtype bfloat16"
                                      : ""));
    std::vector<GenerateResult> results(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      results[i].refusal = refuse(info_, requests[i], options);
      if (results[i].refusal.empty())
        results[i].refusal = refuse_crossing(transformer_.spec(), requests[i], options);
    }
    guarded([&] {
      use_threads();
      continue_prompts(transformer_, head_, requests, options, room(), results);
    });
    return results;
  }

 private:
  void use_threads() const {
    if (at::get_num_threads() != info_.threads) at::set_num_threads(info_.threads);
  }

  using Results = std::vector<ScoreResult>;

  // A batch on its way: its answers, of which refusals are known, and what is asked of the model.
  //
  //   places  [accepted] where their answers go
  struct Asked {
    Results results;
    std::vector<ScoreRequest> accepted;
    std::vector<std::size_t> places;
    ScoringBatch batch;
  };

  std::vector<Results> score_spans(std::span<const std::span<const ScoreRequest>> spans,
                                   const ScoreOptions& options, const GoOn& go_on) const {
    check(options);
    std::vector<Asked> asked;
    for (const auto& requests : spans) asked.push_back(accept(requests));
    const bool finished = guarded([&] {
      use_threads();
      return in_stages(options) ? answer_in_stages(asked, options, go_on)
                                : answer_whole(asked, options, go_on);
    });
    std::vector<Results> results;
    if (!finished) return results;
    for (Asked& one : asked) results.push_back(std::move(one.results));
    return results;
  }

  // What keys and values may take. A model that does not fit into memory leaves them the least.
  std::int64_t room() const {
    const auto number = static_cast<std::int64_t>(c10::elementSize(transformer_.dtype()));
    const bool fits = info_.layers_read.pass_tokens == 0;
    return KeyValueCache::room_beside(fits ? info_.parameters * number : 0);
  }

  // A model whose layers are read for every pass reads strings whole: a stage would be a pass.
  bool in_stages(const ScoreOptions& options) const {
    return options.early_stop && info_.layers_read.pass_tokens == 0;
  }

  // Takes the requests that can be answered, and says of the others why not.
  Asked accept(std::span<const ScoreRequest> requests) const {
    Asked asked;
    asked.results.resize(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      asked.results[i].refusal = refuse(info_, requests[i]);
      if (!asked.results[i].refusal.empty()) continue;
      asked.accepted.push_back(requests[i]);
      asked.places.push_back(i);
    }
    return asked;
  }

  bool answer_in_stages(std::vector<Asked>& asked, const ScoreOptions& options,
                        const GoOn& go_on) const {
    for (std::size_t i = 0; i < asked.size(); ++i) {
      Asked& one = asked[i];
      if (!go_on(static_cast<double>(i) / static_cast<double>(asked.size()))) return false;
      const bool apart = ropes_differ(transformer_.spec(), one.accepted);
      const bool stops = std::ranges::any_of(one.accepted, &ScoreRequest::may_stop);
      if (apart || !stops) {
        answer_whole(std::span(&one, 1), options, [](double) { return true; });
        continue;
      }
      Results results =
          score_stages(transformer_, head_, one.accepted, options, paths_.head, room());
      for (std::size_t k = 0; k < results.size(); ++k)
        one.results[one.places[k]] = std::move(results[k]);
    }
    return true;
  }

  bool answer_whole(std::span<Asked> asked, const ScoreOptions& options, const GoOn& go_on) const {
    std::vector<ForwardInput> inputs;
    std::vector<Asked*> owners;
    for (Asked& one : asked) {
      if (one.accepted.empty()) continue;
      pack(one);
      inputs.push_back(one.batch.rows.input(transformer_.device()));
      owners.push_back(&one);
    }
    if (inputs.empty()) return true;
    const std::vector<at::Tensor> hidden = transformer_.forward(inputs, go_on);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      std::vector<Head::Row> rows =
          head_.score(hidden[i], owners[i]->batch.targets, options, paths_.head);
      hand_out(*owners[i], rows, options);
    }
    return !hidden.empty();
  }

  void pack(Asked& asked) const {
    if (ropes_differ(transformer_.spec(), asked.accepted)) {
      for (const ScoreRequest& request : asked.accepted) asked.batch.add(request);
    } else {
      asked.batch.share(asked.accepted);
    }
    if (transformer_.wants_round_rows()) asked.batch.fill_up();
  }

  static void hand_out(Asked& asked, std::vector<Head::Row>& rows, const ScoreOptions& options) {
    std::size_t first = 0;
    for (std::size_t k = 0; k < asked.accepted.size(); ++k) {
      ScoreResult& result = asked.results[asked.places[k]];
      add_rows(result, std::span(rows).subspan(first, asked.batch.scored[k]), options);
      first += asked.batch.scored[k];
      if (options.early_stop && asked.accepted[k].may_stop && result.observation)
        cut_at_stop(*result.observation, *options.early_stop);
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
