#include "harness/backend/packed_rows.h"

#include <algorithm>
#include <span>
#include <vector>

#include "harness/backend/linear.h"
#include "tests/support/tiny_decoder.h"

namespace souvenir {
namespace {

// Sequences of 100 tokens, all but the first of each asked for.
PackedRows rows_of(std::int64_t sequences) {
  PackedRows rows;
  for (std::int64_t i = 0; i < sequences; ++i) {
    rows.add(std::vector<TokenId>(100, 7), {});
    for (std::int64_t t = 1; t < 100; ++t) rows.wanted.push_back(i * 100 + t);
  }
  return rows;
}

TEST_CASE("a large pass is filled up behind what was asked for", "[rows]") {
  PackedRows rows = rows_of(11);
  const PackedRows before = rows;
  rows.fill_up();
  CHECK(rows.ids.size() == 1152);
  CHECK(rows.positions.size() == 1152);
  CHECK(rows.wanted.size() == 1152);
  REQUIRE(rows.segments.size() == 12);
  CHECK(rows.segments.back().begin == 1100);
  CHECK(rows.segments.back().tokens == 52);
  CHECK(std::ranges::equal(before.ids, std::span(rows.ids).first(1100)));
  CHECK(std::ranges::equal(before.wanted, std::span(rows.wanted).first(1089)));
  rows.fill_up();
  CHECK(rows.segments.size() == 12);
}

TEST_CASE("a small pass stays as it is", "[rows]") {
  PackedRows rows = rows_of(5);
  rows.fill_up();
  CHECK(rows.ids.size() == 500);
  CHECK(rows.wanted.size() == 495);
}

TEST_CASE("round numbers of rows are wanted unless every product is by our kernel", "[rows]") {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
    CHECK(wants_round_rows(dtype, Packing::one_dnn));
    CHECK(wants_round_rows(dtype, Packing::never));
    CHECK(wants_round_rows(dtype, Packing::when_possible) !=
          (has_own_kernel(dtype) && has_own_kernel(at::kFloat)));
  }
}

}  // namespace
}  // namespace souvenir
