#include "metrics/rng.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <set>
#include <stdexcept>

using souvenir::philox4x32_10;
using souvenir::PhiloxBlock;
using souvenir::PhiloxKey;
using souvenir::Rng;

TEST_CASE("philox gives the known answers published with it", "[rng]") {
  struct Case {
    PhiloxBlock counter;
    PhiloxKey key;
    PhiloxBlock expected;
  };
  const std::array<Case, 3> cases{{
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  }};
  for (const Case& c : cases) CHECK(philox4x32_10(c.counter, c.key) == c.expected);
}

TEST_CASE("a stream is a function of its whole name", "[rng]") {
  const auto first = [](Rng rng) { return rng.next(); };
  CHECK(first(Rng(7, "generate", {1, 2, 3})) == first(Rng(7, "generate", {1, 2, 3})));
  const std::set<std::uint64_t> distinct{first(Rng(7, "generate", {1, 2, 3})),
                                         first(Rng(8, "generate", {1, 2, 3})),
                                         first(Rng(7, "bootstrap", {1, 2, 3})),
                                         first(Rng(7, "generate", {1, 3, 2})),
                                         first(Rng(7, "generate", {1, 2})),
                                         first(Rng(7, "generate", {1, 2, 0})),
                                         first(Rng(7, "generate", {1, 2, std::uint64_t{3} << 32})),
                                         first(Rng(7, "generate"))};
  CHECK(distinct.size() == 8);
}

// The streams name recorded samples: a change here changes published evidence.
TEST_CASE("streams never change between versions", "[rng]") {
  Rng rng(1, "generate", {2, 3, 4});
  CHECK(rng.next() == 0x1032636b7d34da0c);
  CHECK(rng.next() == 0x1ab98c1f740f408e);
  CHECK(rng.next() == 0x8cf1c3495a21fae8);
}

// Chi-squared over 64 cells, 63 degrees of freedom: 133.0 is the 1 - 5e-7 quantile. The seeds are
// fixed, so the test either always passes or always fails.
TEST_CASE("uniform01 fills its cells evenly within a stream and across streams", "[rng]") {
  const bool across = GENERATE(false, true);
  std::array<int, 64> cells{};
  Rng rng(11, "cells");
  constexpr int kDraws = 64000;
  for (int i = 0; i < kDraws; ++i) {
    const double u =
        across ? Rng(11, "cells", {0, static_cast<std::uint64_t>(i)}).uniform01() : rng.uniform01();
    REQUIRE(u >= 0.0);
    REQUIRE(u < 1.0);
    ++cells[static_cast<std::size_t>(u * 64.0)];
  }
  double chi_squared = 0.0;
  for (const int c : cells) chi_squared += std::pow(c - kDraws / 64.0, 2) / (kDraws / 64.0);
  CHECK(chi_squared < 133.0);
  CHECK(chi_squared > 22.0);  // and not suspiciously even
}

TEST_CASE("uniform_below stays below its bound and reaches every value", "[rng]") {
  Rng rng(5, "below");
  std::array<int, 3> seen{};
  for (int i = 0; i < 3000; ++i) ++seen[rng.uniform_below(3)];
  for (const int count : seen) CHECK(std::abs(count - 1000) < 150);  // 5.8 standard deviations
  CHECK(rng.uniform_below(1) == 0);
  CHECK(rng.uniform_below(UINT64_MAX) < UINT64_MAX);
  CHECK_THROWS_AS(rng.uniform_below(0), std::invalid_argument);
}
