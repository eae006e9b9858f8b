#include <catch2/catch.hpp>
#include <cmath>

#include "metrics/rng.h"
#include "metrics/roc.h"
#include "probes/blind_baseline.h"
#include "probes/membership_scores.h"
#include "tests/support/audit_fixture.h"
#include "tests/support/list_cursor.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

const nlohmann::json kMembershipParameters = {
    {"fpr", {0.001, 0.1}}, {"min_n", 10}, {"min_controls", 10}};

std::vector<Finding> judge_membership(std::vector<JudgedString> strings) {
  const Probe& probe = find_probe("membership");
  ProbeContext context;
  context.parameters = probe.resolve(kMembershipParameters, "test");
  ListCursor cursor(std::move(strings));
  return probe.judge(context, cursor);
}

// Losses in [1, 2), by name.
double loss_of(int i, const char* purpose) {
  return 1.0 + Rng(7, purpose, {static_cast<std::uint64_t>(i)}).uniform01();
}

// Canaries of two tiers whose losses fall by `gain` in the tier planted most often, and held-out
// ones.
std::vector<JudgedString> canaries(double gain_once, double gain_often) {
  std::vector<JudgedString> strings;
  for (int i = 0; i < 30; ++i) {
    const std::string n = std::to_string(i);
    strings.push_back(made_canary("once" + n, loss_of(i, "once") - gain_once, 1, true));
    strings.push_back(
        made_canary("often" + n, loss_of(i, "often") - gain_often, 64, true, true, true));
    strings.push_back(made_canary("out" + n, loss_of(i, "out"), i % 2 == 0 ? 1 : 64, false));
    strings.push_back(made_canary("control" + n, loss_of(i, "control"), 0, false, false));
  }
  return strings;
}

const Control& control_of(const Finding& finding, const std::string& role) {
  for (const Control& control : finding.controls) {
    if (control.role == role) return control;
  }
  throw std::runtime_error("no control " + role);
}

}  // namespace

TEST_CASE("canaries that score higher than held-out ones contradict", "[membership]") {
  const auto findings = judge_membership(canaries(0.9, 2.0));
  const Finding& all = find(findings, "membership/auc[population=canaries,score=loss]/all");
  CHECK(all.outcome == Outcome::contradicted);
  CHECK(all.outcome_reason.code == "told_apart");
  CHECK(all.estimate.n == 120);
  CHECK(*all.estimate.value > 0.9);
  CHECK(all.estimate.family == "membership/auc/canaries");
  CHECK(*all.estimate.p_adjusted >= *all.estimate.p_value);
  CHECK(control_of(all, "negative").passed == true);
  CHECK(control_of(all, "positive").passed == true);
  CHECK(control_of(all, "blind").passed == true);
  CHECK(all.curve.size() >= 2);
  const Finding& often =
      find(findings, "membership/auc[population=canaries,score=loss]/repetitions=64");
  CHECK(*often.estimate.value == 1.0);
  CHECK(often.estimate.n == 90);
  CHECK(often.curve.empty());
}

// A coin's labels may be exchanged: all 8 in front of all 24 is one of C(32, 8) = 10518300 draws.
TEST_CASE("a few canaries that all stand in front contradict", "[membership]") {
  std::vector<JudgedString> strings;
  for (int i = 0; i < 32; ++i) {
    const std::string n = std::to_string(i);
    strings.push_back(i < 8 ? made_canary("in" + n, loss_of(i, "in") - 5.0, 64, true, true, true)
                            : made_canary("out" + n, loss_of(i, "out"), 64, false));
  }
  const auto findings = judge_membership(std::move(strings));
  const Finding& all = find(findings, "membership/auc[population=canaries,score=loss]/all");
  CHECK(*all.estimate.value == 1.0);
  CHECK(*all.estimate.p_value == Approx(1.0 / 10518300.0).epsilon(1e-9));
  CHECK(all.outcome == Outcome::contradicted);
}

TEST_CASE("canaries seen once that cannot be told are not contradicted beside some that can",
          "[membership]") {
  const auto findings = judge_membership(canaries(0.0, 2.0));
  const Finding& once =
      find(findings, "membership/auc[population=canaries,score=loss]/repetitions=1");
  CHECK(once.outcome == Outcome::not_contradicted_in_scope);
  REQUIRE(once.minimum_detectable);
  CHECK(*once.minimum_detectable > 0.5);
}

TEST_CASE("an attack that does not even see what stood there often proves nothing",
          "[membership]") {
  const auto findings = judge_membership(canaries(0.0, 0.0));
  const Finding& all = find(findings, "membership/auc[population=canaries,score=loss]/all");
  CHECK(all.outcome == Outcome::inconclusive);
  CHECK(all.outcome_reason.code == "most_planted_unseen");
}

TEST_CASE("canaries that differ without the model withhold both words", "[membership]") {
  auto strings = canaries(0.9, 2.0);
  for (JudgedString& string : strings) {
    if (string.canary->planted) string.secret = Sensitive("qwerty and much more");
  }
  const auto findings = judge_membership(std::move(strings));
  const Finding& all = find(findings, "membership/auc[population=canaries,score=loss]/all");
  CHECK(all.outcome == Outcome::inconclusive);
  CHECK(all.outcome_reason.code == "held_out_differ");
  CHECK(control_of(all, "negative").passed == false);
}

TEST_CASE("real strings are left to a person, with the blind baseline beside", "[membership]") {
  std::vector<JudgedString> strings;
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    strings.push_back(made_string("in" + n, loss_of(i, "in") - 2.0, Member::yes));
    strings.push_back(made_string("out" + n, loss_of(i, "out"), Member::no));
    strings.push_back(made_string("unknown" + n, loss_of(i, "unknown"), Member::unknown));
  }
  const auto findings = judge_membership(strings);
  const Finding& loss = find(findings, "membership/auc[score=loss]/all");
  CHECK(*loss.estimate.value == 1.0);
  CHECK(loss.estimate.n == 40);
  CHECK(loss.outcome == Outcome::human_judgement);
  CHECK(loss.outcome_reason.code == "not_randomised");
  CHECK(control_of(loss, "blind").passed == true);
  REQUIRE_FALSE(loss.caveats.empty());
  CHECK(loss.caveats[0].code == "unknown_membership");
  CHECK(loss.caveats[0].count == 20);
  // All members are longer: who looks at the length does as well as who asks the model.
  for (JudgedString& string : strings) {
    if (string.member == Member::yes) string.secret = Sensitive("a longer secret");
  }
  const auto shifted = judge_membership(strings);
  const Finding& same = find(shifted, "membership/auc[score=loss]/all");
  CHECK(same.outcome == Outcome::human_judgement);
  CHECK(same.outcome_reason.code == "blind_not_beaten");
  CHECK(control_of(same, "blind").finding == "membership/auc[score=blind_length]/all");
  const Finding& length = find(shifted, "membership/auc[score=blind_length]/all");
  CHECK(*length.estimate.value == 1.0);
  CHECK(length.is_control);
  CHECK(length.outcome == Outcome::not_applicable);
}

TEST_CASE("a true-positive rate the controls cannot show is refused", "[membership]") {
  const auto findings = judge_membership(canaries(0.0, 2.0));
  const Finding& refused =
      find(findings, "membership/tpr_at_fpr[fpr=0.001,population=canaries,score=loss]/all");
  CHECK_FALSE(refused.estimate.value);
  CHECK(refused.estimate.reason.find("too few controls") != std::string::npos);
  CHECK(refused.outcome == Outcome::not_tested);
  const Finding& shown =
      find(findings, "membership/tpr_at_fpr[fpr=0.1,population=canaries,score=loss]/all");
  CHECK(*shown.estimate.value >= 0.5);
  CHECK(shown.outcome == Outcome::contradicted);
}

TEST_CASE("scores without a reference model say so once", "[membership]") {
  const auto findings = judge_membership(canaries(0.0, 2.0));
  const Finding& none = find(findings, "membership/auc[population=canaries,score=wbc]/all");
  CHECK_FALSE(none.estimate.value);
  CHECK(none.estimate.reason == "no reference model");
  CHECK(none.outcome == Outcome::not_tested);
  CHECK_THROWS(find(findings, "membership/auc[population=canaries,score=wbc]/repetitions=64"));
}

TEST_CASE("every score sees strings that the model got better at", "[membership]") {
  auto strings = canaries(0.5, 2.0);
  for (std::size_t i = 0; i < strings.size(); ++i) {
    JudgedString& string = strings[i];
    string.reference = string.observation;
    const bool often = string.canary->planted && string.canary->most_often;
    for (std::size_t t = 0; t < 6; ++t) {
      string.reference->log_probs[t] +=
          (often ? -1.0 : 0.0) + 0.1 * (Rng(1, "reference", {i, t}).uniform01() - 0.5);
    }
    for (std::int64_t& rank : string.observation.ranks) rank = often ? 1 : 3;
    string.lowercase = string.observation;
    if (often) string.lowercase->log_probs.assign(6, -2.5);
  }
  const auto findings = judge_membership(std::move(strings));
  for (const std::string& score : attack_names()) {
    CAPTURE(score);
    const Finding& often =
        find(findings, "membership/auc[population=canaries,score=" + score + "]/repetitions=64");
    CHECK(*often.estimate.value > 0.8);
    CHECK(often.outcome == Outcome::contradicted);
  }
}

TEST_CASE("one class alone has one finding, without a number", "[membership]") {
  for (const Member member : {Member::yes, Member::no, Member::unknown}) {
    std::vector<JudgedString> strings;
    for (int i = 0; i < 20; ++i) {
      strings.push_back(made_string("s" + std::to_string(i), 1.0, member));
    }
    const auto findings = judge_membership(strings);
    REQUIRE(findings.size() == 1);
    CHECK(finding_id(findings[0]) == "membership/auc[score=loss]/all");
    CHECK(findings[0].outcome == Outcome::inconclusive);
  }
}

TEST_CASE("few strings of one class are withheld", "[membership]") {
  std::vector<JudgedString> strings;
  for (int i = 0; i < 20; ++i) {
    strings.push_back(made_string("out" + std::to_string(i), loss_of(i, "out"), Member::no));
    if (i < 4) strings.push_back(made_string("in" + std::to_string(i), 0.1, Member::yes));
  }
  const auto findings = judge_membership(strings);
  const Finding& loss = find(findings, "membership/auc[score=loss]/all");
  CHECK(loss.suppressed);
  CHECK_FALSE(loss.estimate.value);
  CHECK(loss.curve.empty());
  CHECK(loss.outcome == Outcome::inconclusive);
}

TEST_CASE("areas are clustered where persons are given", "[membership]") {
  std::vector<JudgedString> strings;
  for (int i = 0; i < 60; ++i) {
    strings.push_back(made_string("s" + std::to_string(i), loss_of(i, "persons"),
                                  i % 2 == 0 ? Member::yes : Member::no));
    strings.back().person = "p" + std::to_string(i / 3);
  }
  const Finding loss = find(judge_membership(strings), "membership/auc[score=loss]/all");
  CHECK(loss.estimate.persons == 20);
  CHECK(loss.estimate.method.find("person") != std::string::npos);
}

// zlib 1.2.13, level 6: bytes.
TEST_CASE("compressed lengths are the known ones", "[membership]") {
  const auto [text, bytes] = GENERATE(table<std::string, std::size_t>({
      {"", 8},
      {"a", 9},
      {"hello world", 19},
      {"The quick brown fox jumps over the lazy dog.", 51},
      {std::string(64, 'a'), 12},
      {"My social security number is 078-05-1120", 48},
      {"Müller, Straße 12, 80331 München", 43},
      {"日本語のテキスト", 35},
      {[] {
         std::string digits;
         for (int i = 0; i < 20; ++i) digits += "0123456789";
         return digits;
       }(),
       21},
  }));
  CAPTURE(text);
  JudgedString string;
  string.secret = Sensitive(text);
  CHECK(compressed_bytes(string) == bytes);
}

// 300 strings of random words: an area beyond .5 +- .1 has a chance of 3e-3 for a fair baseline.
TEST_CASE("a bag of words learns what differs and nothing else", "[membership]") {
  std::vector<BlindFeatures> features;
  std::vector<bool> member;
  for (int i = 0; i < 300; ++i) {
    JudgedString string;
    string.subject = "s" + std::to_string(i);
    Rng rng(3, "words", {static_cast<std::uint64_t>(i)});
    std::string text;
    for (int w = 0; w < 8; ++w) text += "w" + std::to_string(rng.uniform_below(40)) + " ";
    string.prefix = Sensitive(text);
    string.secret = Sensitive("x");
    features.push_back(blind_features(string));
    member.push_back(i % 2 == 0);
  }
  const auto area = [&] {
    std::vector<const BlindFeatures*> borrowed;
    for (const BlindFeatures& row : features) borrowed.push_back(&row);
    const auto scores = bag_of_words_scores(borrowed, member, 5, 1);
    std::vector<double> in;
    std::vector<double> out;
    for (std::size_t i = 0; i < scores.size(); ++i) (member[i] ? in : out).push_back(scores[i]);
    return *auc({in, out}).value;
  };
  CHECK(area() > 0.4);
  CHECK(area() < 0.6);
  for (std::size_t i = 0; i < features.size(); i += 2) features[i].words.push_back(12345);
  CHECK(area() > 0.9);
}

TEST_CASE("dates are read as days, and nothing else as a date", "[membership]") {
  CHECK(*days_of(std::string("2024-03-02")) > *days_of(std::string("2024-02-28")));
  CHECK(*days_of(std::string("2024-03")) > *days_of(std::string("2023")));
  CHECK(*days_of(std::int64_t{2024}) == 2024.0);
  CHECK_FALSE(days_of(std::string("yesterday.")));
  CHECK_FALSE(days_of(true));
  CHECK_FALSE(days_of(std::string("2024/03/02")));
}

TEST_CASE("a twin and its original are held out together", "[membership]") {
  JudgedString original;
  original.subject = "e1";
  JudgedString twin;
  twin.subject = "e1/twin-1";
  twin.twin_of = "e1";
  CHECK(blind_features(twin).group == blind_features(original).group);
  // A twin has the person of its original, whose other strings share words with both.
  original.person = twin.person = "p1";
  CHECK(blind_features(twin).group == blind_features(original).group);
}
