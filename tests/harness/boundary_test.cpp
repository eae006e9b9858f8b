#include "harness/boundary.h"

#include <catch2/catch.hpp>

#include "harness/error.h"
#include "tests/support/fake_model.h"

using namespace souvenir;

namespace {

// Merges the letters "ab" into token 500, so that a boundary can fall inside a token.
class MergingTokenizer : public test::ByteTokenizer {
 public:
  using test::ByteTokenizer::ByteTokenizer;

  Encoding encode(std::string_view text, bool) const override {
    Encoding out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool pair = text.substr(i, 2) == "ab";
      out.ids.push_back(pair ? 500 : static_cast<unsigned char>(text[i]));
      i += pair ? 1 : 0;
      out.ends.push_back(i + 1);
      out.offsets.push_back({pair ? i - 1 : i, i + 1});
    }
    return out;
  }
};

}  // namespace

TEST_CASE("a text starts at the first token that ends beyond the prefix", "[boundary]") {
  const MergingTokenizer tokenizer;
  const BosDecision none;
  SECTION("between tokens") {
    const auto cut = cut_string(tokenizer, none, "xy", "ab");
    REQUIRE(cut);
    CHECK(cut->request.prefix_ids == std::vector<TokenId>{'x', 'y'});
    CHECK(cut->request.ids == std::vector<TokenId>{500});
    CHECK_FALSE(cut->straddles);
  }
  SECTION("inside a token, which then counts as text") {
    const auto cut = cut_string(tokenizer, none, "xa", "bz");
    REQUIRE(cut);
    CHECK(cut->request.prefix_ids == std::vector<TokenId>{'x'});
    CHECK(cut->request.ids == std::vector<TokenId>{500, 'z'});
    CHECK(cut->straddles);
  }
}

TEST_CASE("a string without context is conditioned on BOS, else EOS, else left out", "[boundary]") {
  const test::ByteTokenizer with_bos;
  const auto cut = cut_string(with_bos, {}, "", "z");
  REQUIRE(cut);
  CHECK(cut->request.prefix_ids == std::vector<TokenId>{256});
  const test::ByteTokenizer without(false, false);
  CHECK_FALSE(cut_string(without, {}, "", "z"));
  CHECK_FALSE(cut_string(with_bos, {}, "abc", ""));
}

TEST_CASE("the BOS rule decides what stands in front", "[boundary]") {
  const test::ByteTokenizer prepends(true);
  const test::ByteTokenizer silent(false);
  const test::ByteTokenizer without(false, false);
  CHECK(decide_bos(prepends, BosRule::automatic).ids == std::vector<TokenId>{256});
  CHECK(decide_bos(silent, BosRule::automatic).ids.empty());
  CHECK(decide_bos(silent, BosRule::always).ids == std::vector<TokenId>{256});
  CHECK(decide_bos(prepends, BosRule::never).ids.empty());
  CHECK_THROWS_AS(decide_bos(without, BosRule::always), Error);
}

TEST_CASE("a text is cut into windows of whole tokens", "[boundary]") {
  const test::ByteTokenizer tokenizer;
  const BosDecision bos = decide_bos(tokenizer, BosRule::always);
  const auto windows = cut_windows(
      tokenizer, bos, {.prefix_tokens = 3, .secret_tokens = 2, .stride = 4}, "abcdefghij");
  REQUIRE(windows.size() == 2);
  CHECK(windows[0].prefix.reveal() == "abc");
  CHECK(windows[0].secret.reveal() == "de");
  CHECK(windows[1].prefix.reveal() == "efg");
  CHECK(windows[1].secret.reveal() == "hi");
  CHECK(windows[1].cut.request.prefix_ids == std::vector<TokenId>{256, 'e', 'f', 'g'});
  CHECK(windows[1].cut.request.ids == std::vector<TokenId>{'h', 'i'});
  CHECK(cut_windows(tokenizer, bos, {.prefix_tokens = 8, .secret_tokens = 3, .stride = 1},
                    "abcdefghij")
            .empty());
}
