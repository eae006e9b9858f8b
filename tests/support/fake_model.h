#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "harness/language_model.h"
#include "harness/tokenizer.h"

namespace souvenir::test {

// A tokenizer of bytes: token b is byte b, 256 is <s>, 257 is </s>.
class ByteTokenizer : public Tokenizer {
 public:
  explicit ByteTokenizer(bool prepend_bos = false, bool specials = true) {
    info_.kind = "bytes";
    info_.vocabulary = 258;
    if (specials) {
      info_.bos_id = 256;
      info_.eos_id = 257;
    }
    if (prepend_bos) {
      info_.prepended_ids = {256};
    }
  }

  const TokenizerInfo& info() const override { return info_; }

  Encoding encode(std::string_view text, bool add_special_tokens) const override {
    Encoding out;
    if (add_special_tokens) {
      for (const TokenId id : info_.prepended_ids) {
        out.ids.push_back(id);
        out.offsets.push_back({0, 0});
        out.ends.push_back(0);
      }
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      out.ids.push_back(static_cast<unsigned char>(text[i]));
      out.offsets.push_back({i, i + 1});
      out.ends.push_back(i + 1);
    }
    return out;
  }

  std::string decode(std::span<const TokenId> ids) const override {
    std::string out;
    for (const TokenId id : ids) {
      out += static_cast<char>(id);
    }
    return out;
  }

  std::int64_t count_special(std::string_view text) const override {
    return text.find("<s>") == std::string_view::npos ? 0 : 1;
  }

 private:
  TokenizerInfo info_;
};

// A model that has memorised some texts: where the last `kContext` tokens stand in one of them, the
// token that follows there gets the logit `strength`; every other token has logit 0. Everything
// else it says is computed from that row of logits, the slow and plain way.
class FakeModel : public LanguageModel {
 public:
  static constexpr std::size_t kContext = 8;

  explicit FakeModel(std::vector<std::string> memorised = {}, double strength = 20.0)
      : memorised_(std::move(memorised)), strength_(strength) {
    info_.architecture = "fake";
    info_.vocabulary = 258;
    info_.context_tokens = 1024;
    info_.parameters = 1;
    info_.stored_dtype = info_.compute_dtype = "float32";
    info_.device = "cpu";
  }

  const ModelInfo& info() const override { return info_; }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests,
                                 const ScoreOptions& options) const override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests) {
      ++asked;
      results.push_back(score_one(request, options));
    }
    return results;
  }

  // Greedy, whatever the rule; every sample is the same.
  std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests,
                                       const GenerateOptions& options) const override {
    std::vector<GenerateResult> results;
    for (const GenerateRequest& request : requests) {
      ++asked;
      std::vector<TokenId> context = request.prefix_ids;
      Generation sample;
      for (std::int64_t i = 0; i < options.max_new_tokens; ++i) {
        const std::vector<double> row = logits(context);
        context.push_back(
            static_cast<TokenId>(std::max_element(row.begin(), row.end()) - row.begin()));
        sample.ids.push_back(context.back());
      }
      results.push_back({{static_cast<std::size_t>(options.samples), sample}, {}});
    }
    return results;
  }

  // As if layers were read once for so many tokens.
  void set_pass_tokens(std::int64_t tokens) { info_.layers_read.pass_tokens = tokens; }

  mutable std::int64_t asked = 0;

 private:
  std::vector<double> logits(const std::vector<TokenId>& context) const {
    std::vector<double> row(258, 0.0);
    if (context.size() < kContext) {
      return row;
    }
    std::string tail;
    for (std::size_t i = context.size() - kContext; i < context.size(); ++i) {
      tail += static_cast<char>(context[i]);
    }
    for (const std::string& text : memorised_) {
      const std::size_t at = text.find(tail);
      if (at != std::string::npos && at + kContext < text.size()) {
        row[static_cast<unsigned char>(text[at + kContext])] = strength_;
      }
    }
    return row;
  }

  static double log_under(const std::vector<double>& row, std::size_t target,
                          const DecodingRule& rule) {
    std::vector<double> sorted = row;
    std::sort(sorted.rbegin(), sorted.rend());
    const double least = rule.top_k > 0 && rule.top_k < static_cast<std::int64_t>(sorted.size())
                             ? sorted[static_cast<std::size_t>(rule.top_k - 1)]
                             : sorted.back();
    if (row[target] < least) {
      return -std::numeric_limits<double>::infinity();
    }
    double sum = 0.0;
    for (const double value : row) {
      sum += value >= least ? std::exp((value - sorted[0]) / rule.temperature) : 0.0;
    }
    return (row[target] - sorted[0]) / rule.temperature - std::log(sum);
  }

  ScoreResult score_one(const ScoreRequest& request, const ScoreOptions& options) const {
    if (request.prefix_ids.size() + request.ids.size() > 1024) {
      return {std::nullopt, "too long"};
    }
    ScoreObservation out;
    out.rule_log_probs.resize(options.rules.size());
    std::vector<TokenId> context = request.prefix_ids;
    for (std::size_t i = 0; i < request.ids.size(); ++i) {
      if (!context.empty()) {
        add_token(out, logits(context), static_cast<std::size_t>(request.ids[i]), options);
      }
      context.push_back(request.ids[i]);
    }
    if (options.early_stop && request.may_stop) cut_at_stop(out, *options.early_stop);
    return {out, ""};
  }

  static void add_token(ScoreObservation& out, const std::vector<double>& row, std::size_t target,
                        const ScoreOptions& options) {
    out.log_probs.push_back(log_under(row, target, {}));
    std::int64_t rank = 1;
    std::int32_t ties = -1;
    double best_other = -std::numeric_limits<double>::infinity();
    for (std::size_t v = 0; v < row.size(); ++v) {
      rank += row[v] > row[target] ? 1 : 0;
      ties += row[v] == row[target] ? 1 : 0;
      best_other = v == target ? best_other : std::max(best_other, row[v]);
    }
    out.ranks.push_back(rank);
    out.ties.push_back(ties);
    out.gaps.push_back(static_cast<float>(row[target] - best_other));
    out.argmax.push_back(
        static_cast<TokenId>(std::max_element(row.begin(), row.end()) - row.begin()));
    double first = 0.0;
    double second = 0.0;
    const double log_sum = row[target] - out.log_probs.back();
    for (const double logit : row) {
      const double log_p = logit - log_sum;
      first += std::exp(log_p) * log_p;
      second += std::exp(log_p) * log_p * log_p;
    }
    out.entropies.push_back(-first);
    out.mean_log_probs.push_back(first);
    out.variance_log_probs.push_back(std::max(0.0, second - first * first));
    for (std::size_t r = 0; r < options.rules.size(); ++r) {
      out.rule_log_probs[r].push_back(log_under(row, target, options.rules[r]));
    }
  }

  std::vector<std::string> memorised_;
  double strength_;
  ModelInfo info_;
};

}  // namespace souvenir::test
