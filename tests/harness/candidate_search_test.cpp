#include "harness/candidate_search.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "tests/support/fake_model.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

CanarySpace space_of(const std::string& pattern) {
  return CanarySpace("pin", parse_pattern(pattern, "test"), "test");
}

constexpr std::int64_t kPairTokens = 1000 + 256 * 256;

// Bytes, but for pairs that make one token: 1000 + 256 a + b. Cut from the left.
class PairTokenizer : public ByteTokenizer {
 public:
  explicit PairTokenizer(std::set<std::string> pairs) : pairs_(std::move(pairs)) {
    info_.vocabulary = kPairTokens;
  }

  const TokenizerInfo& info() const override { return info_; }

  Encoding encode(std::string_view text, bool) const override {
    Encoding out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::size_t begin = i;
      auto id = static_cast<TokenId>(static_cast<unsigned char>(text[i]));
      if (pairs_.contains(std::string(text.substr(i, 2)))) {
        id = 1000 + 256 * id + static_cast<unsigned char>(text[++i]);
      }
      out.ids.push_back(id);
      out.offsets.push_back({begin, i + 1});
      out.ends.push_back(i + 1);
    }
    return out;
  }

  std::string decode(std::span<const TokenId> ids) const override {
    std::string out;
    for (const TokenId id : ids) {
      if (id < 256) {
        out += static_cast<char>(id);
      } else if (id >= 1000) {
        const std::string pair = {static_cast<char>((id - 1000) / 256),
                                  static_cast<char>((id - 1000) % 256)};
        if (pairs_.contains(pair)) out += pair;
      }
    }
    return out;
  }

 private:
  std::set<std::string> pairs_;
  TokenizerInfo info_ = ByteTokenizer().info();
};

// Draws every token from one urn: a pair as its two bytes, which then make all spellings of a text
// equally likely; or from an urn that depends on what stands before.
class UrnModel : public LanguageModel {
 public:
  explicit UrnModel(bool looks_back = false, std::int64_t vocabulary = kPairTokens)
      : looks_back_(looks_back) {
    info_.vocabulary = vocabulary;
  }

  const ModelInfo& info() const override { return info_; }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests,
                                 const ScoreOptions&) const override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests) {
      ScoreObservation observation;
      TokenId before = request.prefix_ids.empty() ? 0 : request.prefix_ids.back();
      for (const TokenId id : request.ids) {
        observation.log_probs.push_back(std::log(chance(before, id)));
        before = id;
      }
      results.push_back({std::move(observation), ""});
    }
    return results;
  }

  std::vector<GenerateResult> generate(std::span<const GenerateRequest>,
                                       const GenerateOptions&) const override {
    return {};
  }

 private:
  double chance(TokenId before, TokenId id) const {
    if (looks_back_) {  // any numbers, all different
      return 0.01 + 0.9 * std::abs(std::sin(37.0 * before + 11.0 * id + 0.5));
    }
    if (id >= 1000) return chance(0, (id - 1000) / 256) * chance(0, (id - 1000) % 256);
    switch (id) {
      case '0':
        return 0.4;
      case '1':
        return 0.3;
      case '2':
        return 0.2;
      case '3':
        return 0.1;
      default:
        return 1e-9;
    }
  }

  bool looks_back_;
  ModelInfo info_;
};

// Ranks a secret among its whole space, one by one.
SearchedRank enumerated(const LanguageModel& model, const Tokenizer& tokenizer,
                        const CanarySpace& all, const std::string& prefix,
                        const std::string& secret) {
  const auto log_prob = [&](const std::string& text) {
    const ScoreRequest request = cut_string(tokenizer, {}, prefix, text)->request;
    return *model.score_totals({&request, 1}, 100).log_probs.front();
  };
  const double own = log_prob(secret);
  SearchedRank rank;
  for (std::uint64_t i = 0; i < *all.size; ++i) {
    if (all.secret_at(i) == secret) continue;
    const double ahead = log_prob(all.secret_at(i)) - own;
    rank.likelier += ahead > 1e-5;
    rank.equal += std::abs(ahead) <= 1e-5;
  }
  return rank;
}

}  // namespace

TEST_CASE("a search counts what is likelier than a secret, and what is as likely", "[search]") {
  const UrnModel model;
  const ByteTokenizer tokenizer;
  const BosDecision bos;
  CandidateSearch search(model, tokenizer, bos, 100);
  // Counted over all 4^4 strings with exact fractions.
  const SearchedRank two = *search.rank(space_of("{digits:4}"), "the pin is ", "0011", 100000);
  CHECK(two.complete);
  CHECK(two.likelier == 5);
  CHECK(two.equal == 5);
  const SearchedRank four = *search.rank(space_of("{digits:4}"), "the pin is ", "0123", 100000);
  CHECK(four.likelier == 120);
  CHECK(four.equal == 27);
  CHECK(four.log2_space == Approx(std::log2(1e4)));
}

TEST_CASE("what a model knows by heart ranks first in a space that nobody could ask whole",
          "[search]") {
  const std::string secret = "00112233445566778899aabbccddeeff";
  const FakeModel model({"the key is " + secret});
  const ByteTokenizer tokenizer;
  const BosDecision bos;
  CandidateSearch search(model, tokenizer, bos, 100000);
  const auto found = search.rank(space_of("{hex:32}"), "the key is ", secret, 100000);
  REQUIRE(found);
  CHECK(found->complete);
  CHECK(found->likelier == 0);
  CHECK(found->equal == 0);
  CHECK(found->log2_space == 128.0);
}

TEST_CASE("a search finds the rank that enumeration finds, however tokens are cut", "[search]") {
  const UrnModel model(true);
  const std::string prefix = "the pin is ";
  const auto pattern = GENERATE("{digits:3}", "a-{digits:2}b{letters:1}", "{words:1}{digits:1}");
  const auto pairs = GENERATE(as<std::set<std::string>>(), std::set<std::string>{},
                              std::set<std::string>{"12", "31", "77", "a-", "-4", "ab", "5b"},
                              std::set<std::string>{"is", "s ", "e ", "0b", "ba", "er"});
  CAPTURE(pattern, pairs.size());
  const PairTokenizer tokenizer(pairs);
  const BosDecision bos;
  CandidateSearch search(model, tokenizer, bos, 100);
  const CanarySpace all = space_of(pattern);
  for (const std::uint64_t index : {std::uint64_t{7}, std::uint64_t{312}, *all.size - 3}) {
    const std::string secret = all.secret_at(index);
    const auto found = search.rank(all, prefix, secret, 1 << 20);
    const SearchedRank exact = enumerated(model, tokenizer, all, prefix, secret);
    REQUIRE(found);
    CHECK(found->complete);
    CHECK(found->likelier == exact.likelier);
    CHECK(found->equal == exact.equal);
  }
}

TEST_CASE("tokens across the end of the prefix are searched where all secrets have them",
          "[search]") {
  const UrnModel model(true);
  const BosDecision bos;
  std::set<std::string> all_digits, some;
  for (char digit = '0'; digit <= '9'; ++digit) all_digits.insert(std::string(" ") + digit);
  some.insert(" 3");
  const CanarySpace all = space_of("{digits:3}");
  const PairTokenizer joining(all_digits), partly(some);
  CandidateSearch search(model, joining, bos, 100);
  const auto found = search.rank(all, "the pin is ", "512", 1 << 20);
  const SearchedRank exact = enumerated(model, joining, all, "the pin is ", "512");
  REQUIRE(found);
  CHECK(found->likelier == exact.likelier);
  CandidateSearch refused(model, partly, bos, 100);
  CHECK_FALSE(refused.rank(all, "the pin is ", "512", 1 << 20));
}

TEST_CASE("a search that ends at its budget says so, and what it found is a bound", "[search]") {
  const UrnModel model;
  const ByteTokenizer tokenizer;
  const BosDecision bos;
  CandidateSearch search(model, tokenizer, bos, 100);
  const CanarySpace all = space_of("{digits:8}");
  const SearchedRank whole = *search.rank(all, "pin ", "01230123", 1 << 30);
  REQUIRE(whole.complete);
  const SearchedRank part = *search.rank(all, "pin ", "01230123", whole.forwards / 2);
  CHECK_FALSE(part.complete);
  CHECK(part.likelier > 0);
  CHECK(part.likelier < whole.likelier);
  CHECK(part.forwards < whole.forwards);
}

TEST_CASE("beginnings of secrets have a key, others have none", "[search]") {
  const CanarySpace all = space_of("k-{digits:2}{words:1}");
  CHECK(all.key_of("k-1"));
  CHECK(all.key_of("k-1") == all.key_of("k-9"));
  CHECK(all.key_of("k") != all.key_of("k-"));
  CHECK_FALSE(all.key_of("k1"));
  CHECK_FALSE(all.key_of("k-1x"));
  CHECK_FALSE(all.key_of("k-12~"));
  CHECK(all.key_of(all.secret_at(5)) == "whole");
  CHECK_FALSE(all.key_of(all.secret_at(5) + "0"));
  CHECK(all.bytes() == all.secret_at(5).size());
}
