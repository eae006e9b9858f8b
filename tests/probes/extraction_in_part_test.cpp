// Discoverable extraction where not everything is asked: strings that are left, passes in 16 bits.

#include <catch2/catch.hpp>
#include <cmath>

#include "metrics/binomial.h"
#include "tests/support/audit_fixture.h"
#include "tests/support/extraction_rows.h"

using namespace souvenir;
using namespace souvenir::test;

// ---- strings that are not read to their end -----------------------------------------------------

namespace {

const std::string kSecret = "twenty tokens of one";

// Nine strings that the model clearly continues otherwise, and one that it may know.
std::string long_rows() {
  std::string out = row("hit", kSecret, R"(,"member":"yes")");
  for (int i = 0; i < 9; ++i) out += row("m" + std::to_string(i), kSecret, R"(,"member":"yes")");
  return out;
}

std::vector<std::string> memories(bool hit) {
  std::vector<std::string> all = {memory("hit", hit ? kSecret : "something else")};
  for (int i = 0; i < 9; ++i) all.push_back(memory("m" + std::to_string(i), "something else"));
  return all;
}

const std::string kSurface = "discoverable_extraction/extractable_rate[n=";
const std::string kRule = ",p=0.5,temperature=1,top_k=0,top_p=1]/all";
const std::string kUnder = "[temperature=1,top_k=0,top_p=1]/all";

}  // namespace

TEST_CASE("rates stay what they are when strings are left early", "[extraction]") {
  const FakeModel model(memories(true));
  const auto whole = AuditFixture().audit(long_rows() + kControls, model);
  const auto left = AuditFixture(kSuite, 100).audit(long_rows() + kControls, model);
  for (const std::string& id : {kRate + "all", kSurface + "1" + kRule, kSurface + "100" + kRule,
                                std::string("discoverable_extraction/matched_share/all"),
                                "discoverable_extraction/p_z_max" + kUnder}) {
    CAPTURE(id);
    const Estimate &a = find(whole, id).estimate, &b = find(left, id).estimate;
    CHECK(a.n == b.n);
    CHECK(a.count == b.count);
    CHECK(a.value == b.value);
    CHECK(a.low == b.low);
    CHECK(a.high == b.high);
    CHECK(find(whole, id).outcome == find(left, id).outcome);
  }
  CHECK(find(left, kRate + "all").estimate.count == 1);
  const auto& caveats = find(left, kRate + "all").caveats;
  REQUIRE(caveats.size() == 1);
  CHECK(caveats[0].code == "not_read_to_end");
  CHECK(caveats[0].count == 9);
}

TEST_CASE("what more queries would give is left out", "[extraction]") {
  const auto left = AuditFixture(kSuite, 99).audit(long_rows(), FakeModel(memories(true)));
  CHECK(find(left, kSurface + "1" + kRule).estimate.n == 10);
  CHECK_THROWS(find(left, kSurface + "100" + kRule));
  // A suite that only asks for more is asked about what may be.
  const std::string suite = std::string(kSuite).replace(kSuite.find("[1,100]"), 7, "[100]");
  const auto fewest = AuditFixture(suite, 7).audit(long_rows(), FakeModel(memories(true)));
  CHECK(find(fewest, kSurface + "7" + kRule).estimate.n == 10);
}

TEST_CASE("where strings are left, bounds stand on both sides of the number", "[extraction]") {
  const FakeModel model(memories(false));
  const auto whole = AuditFixture().audit(long_rows(), model);
  const auto left = AuditFixture(kSuite, 100).audit(long_rows(), model);
  for (const char* metric : {"p_z_max", "p_z_mean"}) {
    const std::string id = std::string("discoverable_extraction/") + metric + kUnder;
    CAPTURE(id);
    const Estimate& bound = find(left, id).estimate;
    CHECK_FALSE(bound.value);
    CHECK_FALSE(bound.log10_value);
    CHECK_THAT(bound.reason, Catch::Contains("not read to their end"));
    CHECK(*bound.low <= find(whole, id).estimate.value.value());
    CHECK(*bound.high >= find(whole, id).estimate.value.value());
  }
  CHECK(find(left, "discoverable_extraction/p_z_max" + kUnder).estimate.high ==
        Approx(std::exp(-20.0 - 7 * std::log(258.0))).epsilon(1e-6));
  const std::string queries =
      "discoverable_extraction/queries_min[p=0.5,temperature=1,top_k=0,top_p=1]/all";
  CHECK_FALSE(find(left, queries).estimate.value);
  CHECK(*find(left, queries).estimate.low <= *find(whole, queries).estimate.value);
  const std::string bits = "discoverable_extraction/inextractability_bits[l=4]/all";
  CHECK(find(whole, bits).estimate.value);
  CHECK_FALSE(find(left, bits).estimate.value);
  CHECK_FALSE(find(left, bits).estimate.low);
}

// ---- passes in 16 bits
// ---------------------------------------------------------------------------

namespace {

const std::string kChanged = "discoverable_extraction/screen_changed_rate/all";

}  // namespace

TEST_CASE("of strings that 16 bits leave no doubt about, drawn ones say what was missed",
          "[extraction]") {
  const AuditFixture audit;
  const FakeModel rounded(memories(false)), exact(memories(true));
  SECTION("all drawn: the one that float32 reproduces is seen") {
    const auto findings = audit.screen(long_rows(), rounded, exact, 100);
    const Finding& changed = find(findings, kChanged);
    CHECK(changed.is_control);
    CHECK(changed.estimate.n == 10);
    CHECK(changed.estimate.count == 1);
    CHECK(find(findings, kRate + "all").estimate.count == 1);
  }
  SECTION("a model that float32 does not judge otherwise") {
    const auto findings = audit.screen(long_rows(), rounded, rounded, 6);
    CHECK(find(findings, kChanged).estimate.n == 6);
    CHECK(find(findings, kChanged).estimate.count == 0);
    CHECK(find(findings, kChanged).estimate.high == Approx(clopper_pearson({0, 6}, 0.95).high));
  }
  SECTION("none drawn: nothing is said") {
    CHECK_THROWS(find(audit.screen(long_rows(), rounded, exact, 0), kChanged));
  }
}

TEST_CASE("what 16 bits leave in doubt is settled by float32 and is no part of the sample",
          "[extraction]") {
  const AuditFixture audit;
  const FakeModel rounded(memories(true)), exact(memories(false));
  // The reproduced string has a p_z near one: within a wide margin of the threshold of one query.
  const auto wide = audit.screen(long_rows(), rounded, exact, 100, 1.0);
  CHECK(find(wide, kChanged).estimate.n == 9);
  CHECK(find(wide, kChanged).estimate.count == 0);
  CHECK(find(wide, kRate + "all").estimate.count == 0);
  CHECK(find(wide, kRate + "all").caveats.at(0).code == "rescored");
  const auto narrow = audit.screen(long_rows(), rounded, exact, 100, 0.01);
  CHECK(find(narrow, kChanged).estimate.n == 10);
  CHECK(find(narrow, kChanged).estimate.count == 1);
}
