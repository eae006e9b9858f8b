// souvenir score: log-probabilities of given tokens or text.

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "harness/backend/tokenizer/load.h"
#include "harness/boundary.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/lazy_tokenizer.h"
#include "harness/cli/model_options.h"
#include "harness/cli/progress.h"
#include "harness/cli/rows.h"
#include "harness/cli/verb.h"
#include "harness/error.h"
#include "harness/near_tie.h"

namespace souvenir::cli {

namespace {

constexpr std::size_t kRowsAtOnce = 4096;

struct ScoreArguments {
  ModelOptions model;
  SamplingOptions sampling;
  std::string bos = "auto";
  std::string input;
  std::string output;
};

// A row on its way through the model.
struct Pending {
  InputRow* row = nullptr;
  ScoreRequest request;
  bool from_text = false;
  ScoreResult result;
};

ScoreRequest read_request(const InputRow& input, LazyTokenizer& tokenizer, bool& from_text) {
  const nlohmann::json& row = input.json;
  only_fields(row, {"id", "prefix_ids", "ids", "prefix", "text"});
  const auto text = read_text(row, "text");
  from_text = text.has_value();
  if (!from_text) {
    if (row.contains("prefix") || !row.contains("ids")) {
      throw Error(ErrorKind::input,
                  "expected `ids` (with an optional `prefix_ids`) or `text` (with an optional "
                  "`prefix`)");
    }
    return {read_ids(row, "prefix_ids"), read_ids(row, "ids")};
  }
  if (row.contains("ids") || row.contains("prefix_ids")) {
    throw Error(ErrorKind::input, "expected either ids or text, found both");
  }
  const std::string prefix = read_text(row, "prefix").value_or("");
  const auto cut = cut_string(tokenizer.get(), tokenizer.bos(), prefix, *text);
  if (!cut) {
    throw Error(ErrorKind::input, text->empty()
                                      ? "/text: is empty"
                                      : "no_context: there is no prefix, and the tokenizer has "
                                        "neither a beginning- nor an end-of-sequence token");
  }
  return cut->request;
}

Row answer(const Pending& pending, bool with_rule) {
  const ScoreObservation& observation = *pending.result.observation;
  Row out = pending.row->name;
  if (pending.from_text) {
    out["prefix_ids"] = pending.request.prefix_ids;
  }
  out["ids"] = pending.request.ids;
  Row log_probs = Row::array();
  Row ranks = Row::array();
  if (observation.log_probs.size() < pending.request.ids.size()) {
    log_probs.push_back(nullptr);
    ranks.push_back(nullptr);
  }
  for (std::size_t t = 0; t < observation.log_probs.size(); ++t) {
    log_probs.push_back(observation.log_probs[t]);
    ranks.push_back(observation.ranks[t]);
  }
  const auto matches = greedy_matches(observation, pending.request.scored());
  out["log_probs"] = std::move(log_probs);
  out["ranks"] = std::move(ranks);
  out["log_p"] = std::accumulate(observation.log_probs.begin(), observation.log_probs.end(), 0.0);
  out["greedy"] = std::find(matches.begin(), matches.end(), 0) == matches.end();
  if (with_rule) {
    const auto& values = observation.rule_log_probs.at(0);
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    out["log_p_decoding"] = std::isinf(sum) ? Row(nullptr) : Row(sum);
  }
  return out;
}

std::int64_t tokens_of(const ScoreRequest& request) {
  return static_cast<std::int64_t>(request.prefix_ids.size() + request.ids.size());
}

// Batches that go through the model together, and whose the answers are.
struct BatchGroup {
  std::vector<std::vector<ScoreRequest>> batches;
  std::vector<std::size_t> owners;
};

// Cuts what is pending into batches, longest first, so that little is padded and the first batch
// needs the most memory; and these into groups of so many tokens, or of one batch.
std::vector<BatchGroup> cut_groups(const std::vector<Pending>& pending, std::int64_t token_budget,
                                   std::int64_t pass_tokens) {
  std::vector<std::size_t> order(pending.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto tokens = [&](std::size_t i) { return tokens_of(pending[i].request); };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return tokens(a) > tokens(b); });
  std::vector<BatchGroup> groups;
  std::int64_t in_batch = 0, in_group = 0;
  for (const std::size_t i : order) {
    const bool new_batch = groups.empty() || in_batch + tokens(i) > token_budget;
    if (new_batch) {
      in_batch = 0;
      if (groups.empty() || in_group + token_budget > pass_tokens) {
        groups.emplace_back();
        in_group = 0;
      }
      groups.back().batches.emplace_back();
    }
    groups.back().batches.back().push_back(pending[i].request);
    groups.back().owners.push_back(i);
    in_batch += tokens(i);
    in_group += tokens(i);
  }
  return groups;
}

void score_all(const LanguageModel& model, std::vector<Pending>& pending,
               const ScoreOptions& options, std::int64_t token_budget) {
  const std::int64_t pass_tokens = model.info().layers_read.pass_tokens;
  for (const BatchGroup& group : cut_groups(pending, token_budget, pass_tokens)) {
    std::size_t next = 0;
    const auto always = [](double) { return true; };
    for (auto& results : model.score_batches(group.batches, options, always)) {
      for (ScoreResult& result : results) {
        pending[group.owners[next++]].result = std::move(result);
      }
    }
  }
}

void score_chunk(const LanguageModel& model, LazyTokenizer& tokenizer,
                 const ScoreArguments& options, const ScoreOptions& score_options,
                 std::vector<InputRow>& rows, AnswerWriter& writer) {
  std::vector<Pending> pending;
  for (InputRow& row : rows) {
    if (!row.error.empty()) {
      continue;
    }
    try {
      Pending item;
      item.row = &row;
      item.request = read_request(row, tokenizer, item.from_text);
      pending.push_back(std::move(item));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) {
        throw;
      }
      row.error = error.what();
    }
  }
  score_all(model, pending, score_options, options.model.token_budget);
  std::size_t next = 0;
  for (InputRow& row : rows) {
    if (!row.error.empty()) {
      writer.error(row, row.error);
    } else if (!pending[next].result.observation) {
      writer.error(row, pending[next++].result.refusal);
    } else {
      writer.answer(answer(pending[next++], options.sampling.given));
    }
  }
}

int run_score(const ScoreArguments& options) {
  const auto model = load_model(options.model.model, options.model.load);
  LazyTokenizer tokenizer(options.model.model, parse_bos_rule(options.bos));
  ScoreOptions score_options;
  if (options.sampling.given) {
    score_options.rules = {options.sampling.rule};
  }
  AnswerWriter writer(options.output);
  Progress progress(parse_progress(options.model.progress), "scoring", "rows");
  std::int64_t done = 0;
  read_rows(options.input, kRowsAtOnce, [&](std::vector<InputRow>& rows) {
    if (interrupted() == 0) {
      score_chunk(*model, tokenizer, options, score_options, rows, writer);
      done += static_cast<std::int64_t>(rows.size());
      progress.update(done, 0, done);
    }
  });
  const int code = writer.finish();
  return interrupted() != 0 ? interrupted() : code;
}

}  // namespace

void add_score(CLI::App& program, Action& action) {
  auto options = std::make_shared<ScoreArguments>();
  CLI::App* verb =
      program.add_subcommand("score", "Write the log-probabilities of given tokens or text");
  verb->footer(
      "Rows in:  {\"id\", \"prefix_ids\", \"ids\"} or {\"id\", \"prefix\", \"text\"}\n"
      "Rows out: {\"id\", \"ids\", \"log_probs\" (nats), \"ranks\", \"log_p\", \"greedy\"}; rows "
      "of\n"
      "          text also \"prefix_ids\"; a sampler's flags add \"log_p_decoding\".\n"
      "Rows of ids need no tokenizer. Writes text and log-probabilities of what it is given:\n"
      "treat its output like its input.");
  add_model_options(*verb, options->model);
  add_sampling_options(*verb, options->sampling);
  verb->add_option("--bos", options->bos, "auto, always or never: what stands in front of a text")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  verb->add_option("-i,--input", options->input, "JSON Lines; - or nothing: standard input");
  verb->add_option("-o,--output", options->output, "JSON Lines; - or nothing: standard output");
  verb->callback([options, &action] { action = [options] { return run_score(*options); }; });
}

}  // namespace souvenir::cli
