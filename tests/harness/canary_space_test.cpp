#include "harness/canary_space.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "harness/canary_words.h"
#include "harness/error.h"

using namespace souvenir;

namespace {

CanarySpace space(const std::string& pattern) {
  return CanarySpace("test", parse_pattern(pattern, "test"), "test");
}

}  // namespace

TEST_CASE("secrets are numbered as people would number them", "[canary]") {
  const auto [pattern, index, secret] = GENERATE(table<std::string, std::uint64_t, std::string>({
      {"{digits:5}", 0, "00000"},
      {"{digits:5}", 40213, "40213"},
      {"{digits:5}", 99999, "99999"},
      {"{hex:8}", 0xdeadbeef, "deadbeef"},
      {"{hex:15}", 0x123456789abcdef, "123456789abcdef"},
      {"{letters:2}", 26 + 1, "bb"},
      {"06 39 98 {digits:2} {digits:2}", 4711, "06 39 98 47 11"},
      {"{digits:1}-{hex:1}-{letters:1}", 9 * 16 * 26 + 15 * 26 + 25, "9-f-z"},
      {"{{{digits:2}}}", 7, "{07}"},
  }));
  CAPTURE(pattern);
  CHECK(space(pattern).secret_at(index) == secret);
  CHECK(space(pattern).index_of(secret) == index);
}

TEST_CASE("the size of a space is exact", "[canary]") {
  CHECK(space("{digits:5}").size == 100'000);
  CHECK(space("x{hex:4}y").size == 65'536);
  CHECK(space("{letters:3}").size == 17'576);
  CHECK(space("{words:2}").size == 65'536);
  CHECK(space("{hex:15}").size == std::uint64_t{1} << 60);
  CHECK_FALSE(space("{hex:16}").size);
  CHECK_FALSE(space("{digits:20}").size);
  CHECK(space("{digits:19}").size == 10'000'000'000'000'000'000ULL);
  CHECK(space("{hex:32}").log2_size == Approx(128.0));
  CHECK(space("{digits:6}").log2_size == Approx(19.931568569324174));
}

TEST_CASE("numbering is a bijection onto the space", "[canary]") {
  const std::string pattern = GENERATE("{digits:3}", "k{hex:1}{letters:1}", "{words:1}-{digits:1}");
  const CanarySpace all = space(pattern);
  std::set<std::string> seen;
  for (std::uint64_t i = 0; i < *all.size; ++i) {
    const std::string secret = all.secret_at(i);
    REQUIRE(seen.insert(secret).second);
    REQUIRE(all.index_of(secret) == i);
  }
  CHECK(seen.size() == *all.size);
  CHECK_THROWS_AS(all.secret_at(*all.size), std::invalid_argument);
}

TEST_CASE("what is not in the space has no number", "[canary]") {
  const auto [pattern, text] = GENERATE(table<std::string, std::string>({
      {"{digits:3}", "12"},
      {"{digits:3}", "1234"},
      {"{digits:3}", "12a"},
      {"{hex:2}", "AB"},
      {"{words:2}", "about  actor"},
      {"{words:1}", "zzzzz"},
      {"a{digits:1}", "b1"},
      {"{digits:1}", ""},
  }));
  CAPTURE(pattern, text);
  CHECK_FALSE(space(pattern).index_of(text));
  CHECK_FALSE(space(pattern).contains(text));
}

TEST_CASE("a space without a size still knows its members", "[canary]") {
  const CanarySpace wide = space("{hex:32}");
  Rng rng(1, "test");
  const std::string secret = wide.sample(rng);
  CHECK(secret.size() == 32);
  CHECK(wide.contains(secret));
  CHECK_FALSE(wide.index_of(secret));
  CHECK_THROWS_AS(wide.secret_at(0), std::invalid_argument);
}

TEST_CASE("samples are uniform over the space", "[canary]") {
  // 26000 draws over 26 letters: chi-squared with 25 degrees of freedom, above 60.1 with
  // probability 1e-4; the seed is fixed.
  const CanarySpace letters = space("{letters:1}");
  std::vector<int> counts(26);
  for (std::uint64_t i = 0; i < 26'000; ++i) {
    Rng rng(7, "uniform", {i});
    ++counts[*letters.index_of(letters.sample(rng))];
  }
  double chi_squared = 0.0;
  for (const int count : counts) {
    chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
  }
  CHECK(chi_squared < 60.1);
}

TEST_CASE("words are sorted, distinct and of one length", "[canary]") {
  const auto words = canary_words();
  CHECK(words.size() == 256);
  CHECK(std::is_sorted(words.begin(), words.end()));
  CHECK(std::adjacent_find(words.begin(), words.end()) == words.end());
  CHECK(std::all_of(words.begin(), words.end(),
                    [](std::string_view word) { return word.size() == kCanaryWordLetters; }));
}

TEST_CASE("a wrong template is refused by name", "[canary]") {
  const auto [pattern, message] = GENERATE(table<std::string, std::string>({
      {"{digit:3}", "nearest known slot is {digits}"},
      {"{digits}", "expected a count"},
      {"{digits:0}", "count of 1 to 256"},
      {"{digits:257}", "count of 1 to 256"},
      {"{digits:1e3}", "count of 1 to 256"},
      {"{digits:99999999999999999999}", "count of 1 to 256"},
      {"{person:2}", "expected no count"},
      {"{person}", "slot of a person"},
      {"{digits:3", "without its }"},
      {"digits:3}", "without its {"},
      {"a\nb{digits:3}", "line break"},
      {"no slot", "at least one slot"},
      {"", "at least one slot"},
  }));
  CAPTURE(pattern);
  CHECK_THROWS_WITH(space(pattern), Catch::Contains(message));
  CHECK_THROWS_AS(space(pattern), Error);
}
