#include "harness/backend/score_trie.h"

#include <cmath>
#include <limits>
#include <string>

#include "harness/backend/alibi.h"
#include "harness/backend/shared_rows.h"
#include "tests/support/tiny_decoder.h"

namespace souvenir {
namespace {

using test::tiny_ids;
using test::tiny_model;

DecoderSpec alibi_spec() {
  DecoderSpec spec = test::plain_spec();
  spec.learned_positions = false;
  spec.alibi = Alibi{.slopes = alibi_slopes(spec.heads)};
  return spec;
}

// Beyond 24 tokens, other frequencies hold for the whole sequence.
DecoderSpec longrope_spec() {
  DecoderSpec spec = test::tiny_spec();
  spec.ropes[0].beyond = {0.9F, 0.2F, 0.05F, 0.01F};
  spec.ropes[0].beyond_tokens = 24;
  return spec;
}

DecoderSpec any_trie_spec() {
  switch (GENERATE(0, 1, 2, 3, 4)) {
    case 0:
      return test::tiny_spec();
    case 1:
      return test::plain_spec();
    case 2:
      return test::windowed_spec();
    case 3:
      return alibi_spec();
    default:
      return longrope_spec();
  }
}

// All strings of `places` digits of a base, behind a prefix.
std::vector<ScoreRequest> numbers(const std::vector<TokenId>& prefix, TokenId base, int places) {
  std::vector<ScoreRequest> all = {{prefix, {}}};
  for (int i = 0; i < places; ++i) {
    std::vector<ScoreRequest> longer;
    for (const ScoreRequest& request : all)
      for (TokenId digit = 0; digit < base; ++digit) {
        longer.push_back(request);
        longer.back().ids.push_back(100 + 7 * digit);
      }
    all = std::move(longer);
  }
  return all;
}

// What a trie must not mix up: copies, a string that another continues, prefixes of which one ends
// where the other's text goes on, no prefix, nothing in common.
std::vector<ScoreRequest> awkward() {
  std::vector<ScoreRequest> all = numbers(tiny_ids(9, 1), 4, 3);
  const std::vector<TokenId> a = tiny_ids(12, 2), b = tiny_ids(12, 3);
  std::vector<TokenId> both = a;
  both.insert(both.end(), b.begin(), b.end());
  all.push_back({a, b});
  all.push_back({a, {b[0]}});
  all.push_back({{both.begin(), both.begin() + 15}, {both.begin() + 15, both.begin() + 20}});
  all.push_back({{a[0]}, {both.begin() + 1, both.end()}});
  all.push_back({{}, a});
  all.push_back({{}, {a[0], a[1]}});
  all.push_back({a, b});
  all.push_back({b, a});
  return all;
}

std::vector<double> flat(const LanguageModel& model, const std::vector<ScoreRequest>& requests) {
  std::vector<double> sums;
  for (const ScoreRequest& request : requests) {
    const ScoreResult result = model.score({&request, 1}, {}).front();
    REQUIRE(result.observation);
    double sum = 0.0;
    for (const double log_prob : result.observation->log_probs) sum += log_prob;
    sums.push_back(sum);
  }
  return sums;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(std::isfinite(a[i]));
    largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  return largest;
}

std::vector<double> values(const TotalScores& scores) {
  std::vector<double> all;
  for (const auto& value : scores.log_probs) {
    REQUIRE(value);
    all.push_back(*value);
  }
  return all;
}

TEST_CASE("a trie holds what sequences share once, and not their last tokens", "[trie]") {
  const auto digits = numbers(tiny_ids(9, 1), 10, 3);
  CHECK(TokenTrie(digits).tokens() == 9 + 10 + 100);  // counted by hand: prefix, tens, hundreds
  CHECK(TokenTrie(std::vector<ScoreRequest>{{{1, 2}, {3, 4}}, {{1, 2}, {3}}, {{1}, {2, 3, 5}}})
            .tokens() == 3);  // 1 2 3
  CHECK(TokenTrie(std::vector<ScoreRequest>{{{}, {1, 2}}, {{7}, {8, 9}}}).tokens() == 1 + 2);
  // A run ends where there is a choice: 1 2 | 3 -> 4 | 5 -> 6.
  const TokenTrie fork(std::vector<ScoreRequest>{{{1}, {2, 3, 4}}, {{1}, {2, 5, 6}}});
  REQUIRE(fork.runs().size() == 3);
  CHECK(fork.runs()[0].tokens == std::vector<TokenId>{1, 2});
  CHECK(fork.runs()[0].inner_tokens == 2);
  CHECK(fork.runs()[2].past == 2);
}

TEST_CASE("totals add up what each sequence scores, and nothing before it", "[trie]") {
  const TokenTrie trie(
      std::vector<ScoreRequest>{{{1}, {2, 3, 4}}, {{1, 2}, {5}}, {{1, 2, 3}, {4}}});
  std::vector<double> log_probs;
  for (const TokenTrie::Edge& edge : trie.edges()) {
    CHECK(edge.wanted);
    log_probs.push_back(-std::pow(10.0, edge.token));
  }
  const std::vector<double> totals = trie.totals(log_probs);
  CHECK(totals[0] == Approx(-11100));
  CHECK(totals[1] == Approx(-100000));
  CHECK(totals[2] == Approx(-10000));
}

TEST_CASE("a trie scores as its sequences one by one", "[trie]") {
  const DecoderSpec spec = any_trie_spec();
  const auto requests = awkward();
  for (const at::Device device : test::visible_devices()) {
    const auto model = tiny_model(spec, {.device = device});
    const std::vector<double> slow = flat(*model, requests);
    for (const std::int64_t budget : {1, 20, 2048}) {
      const TotalScores fast = model->score_totals(requests, budget);
      CAPTURE(spec.alibi.has_value(), spec.ropes.size(), budget, device.str());
      CHECK(largest_difference(values(fast), slow) < 1e-5);
    }
    const auto plain =
        tiny_model(spec, {.device = device, .paths = {.attention = AttentionPath::aten}});
    CHECK(largest_difference(values(plain->score_totals(requests, 64)), slow) < 2e-5);
  }
}

TEST_CASE("what the requests of a batch begin with in common is computed once", "[trie]") {
  const auto requests = awkward();
  const SharedRows shared = share_rows(requests);
  CHECK(static_cast<std::int64_t>(shared.ids.size()) == TokenTrie(requests).tokens());
  std::size_t flat = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::vector<TokenId>& prefix = requests[i].prefix_ids;
    const std::vector<TokenId>& ids = requests[i].ids;
    flat += shared.rows[i].size();
    for (std::size_t t = 0; t < shared.rows[i].size(); ++t) {
      const auto row = static_cast<std::size_t>(shared.rows[i][t]);
      CHECK(shared.ids[row] == (t < prefix.size() ? prefix[t] : ids[t - prefix.size()]));
      CHECK(shared.positions[row] == static_cast<std::int64_t>(t));
    }
  }
  CHECK(shared.ids.size() < flat / 3);
}

TEST_CASE("a batch of requests that begin alike says of each what it says of it alone", "[trie]") {
  const DecoderSpec spec = any_trie_spec();
  std::vector<ScoreRequest> requests = awkward();
  for (std::size_t i = 0; i < 150; ++i)  // a large family with nothing but its first token shared
    requests.push_back({{5}, tiny_ids(2 + i % 13, i + 50)});
  const ScoreOptions options{.rules = {{.top_k = 40}}, .temperatures = {0.7}, .top = 5};
  for (const at::Device device : test::visible_devices()) {
    const AttentionPath path = GENERATE(AttentionPath::automatic, AttentionPath::aten);
    const auto model = tiny_model(spec, {.device = device, .paths = {.attention = path}});
    const auto together = model->score(requests, options);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto alone = model->score({&requests[i], 1}, options).front().observation;
      REQUIRE((alone && together[i].observation));
      const ScoreObservation &a = *alone, &b = *together[i].observation;
      CHECK(largest_difference(a.log_probs, b.log_probs) < 1e-5);
      CHECK(largest_difference(a.variance_log_probs, b.variance_log_probs) < 1e-3);
      CHECK(a.argmax == b.argmax);
      CHECK(a.top_ids == b.top_ids);
    }
  }
}

TEST_CASE("a trie in 16 bits scores as its sequences one by one", "[trie]") {
  const DecoderSpec spec = test::windowed_spec();
  const auto model = tiny_model(spec, {.dtype = at::kBFloat16});
  const auto requests = awkward();
  CHECK(largest_difference(values(model->score_totals(requests, 64)), flat(*model, requests)) <
        0.05);
}

TEST_CASE("a large part of a trie, filled up where that is wanted, changes no number", "[trie]") {
  test::TinyOptions options;
  options.paths.packing = GENERATE(Packing::when_possible, Packing::one_dnn);
  const auto model = tiny_model(test::tiny_spec(), options);
  const auto requests = numbers(tiny_ids(5, 4), 9, 4);
  REQUIRE(9 * 9 * 9 > 512);
  const TotalScores fast = model->score_totals(requests, 4096);
  CHECK(fast.forwards == 5 + 9 + 81 + 729);
  const std::vector<double> found = values(fast);
  for (const std::size_t i : {std::size_t{0}, std::size_t{3000}, requests.size() - 1})
    CHECK(found[i] == Approx(flat(*model, {requests[i]})[0]).margin(1e-5));
}

TEST_CASE("little room for keys and values changes the order and not the numbers", "[trie]") {
  const c10::InferenceMode no_gradients;
  const DecoderSpec spec = test::windowed_spec();
  DecoderWeights weights = test::tiny_weights(spec);
  const Head head(weights.head_weight, weights.head_bias);
  const Transformer transformer(spec, weights, {});
  const auto requests = awkward();
  const TokenTrie trie(requests);
  const std::int64_t row = KeyValueCache::row_bytes(spec, at::kFloat);
  const std::vector<double> roomy =
      trie.totals(score_trie(transformer, head, trie, 2048, KeyValueCache::room_beside(0)));
  for (const std::int64_t rows : {1, 13, 17, 40}) {
    CAPTURE(rows);
    const auto narrow = trie.totals(score_trie(transformer, head, trie, 2048, rows * row));
    CHECK(largest_difference(narrow, roomy) < 1e-5);
  }
}

TEST_CASE("what a model refuses has no total, and the others have theirs", "[trie]") {
  const auto model = tiny_model(test::tiny_spec());
  std::vector<ScoreRequest> requests = {{{1, 2}, {3}}, {{1, 2}, {9001}}, {{}, {1}}, {{1, 2}, {4}}};
  const TotalScores found = model->score_totals(requests, 64);
  CHECK_FALSE(found.log_probs[1]);
  CHECK_FALSE(found.log_probs[2]);
  REQUIRE((found.log_probs[0] && found.log_probs[3]));
  CHECK(*found.log_probs[3] == Approx(flat(*model, {requests[3]})[0]).margin(1e-5));

  DecoderWeights weights = test::tiny_weights(test::tiny_spec());
  weights.token_embedding.select(0, 5).fill_(std::numeric_limits<float>::infinity());
  const auto broken = make_decoder_model(test::tiny_spec(), std::move(weights),
                                         test::tiny_info(test::tiny_spec(), 2));
  const TotalScores partly =
      broken->score_totals(std::vector<ScoreRequest>{{{1, 2}, {3, 4}}, {{1, 2}, {5, 6}}}, 64);
  CHECK(partly.log_probs[0]);
  CHECK_FALSE(partly.log_probs[1]);
}

}  // namespace
}  // namespace souvenir
