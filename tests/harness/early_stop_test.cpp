#include "harness/early_stop.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace souvenir;

namespace {

// Tokens of one probability each, of which `missed` is not the most likely one.
ScoreObservation observation_of(std::size_t tokens, double log_prob, std::size_t missed,
                                float gap = -1.0F) {
  ScoreObservation observation;
  for (std::size_t t = 0; t < tokens; ++t) {
    observation.log_probs.push_back(log_prob);
    observation.gaps.push_back(t == missed ? gap : 1.0F);
    observation.ranks.push_back(t == missed ? 2 : 1);
    observation.argmax.push_back(static_cast<TokenId>(t));
  }
  observation.rule_log_probs = {observation.log_probs, observation.log_probs};
  observation.top_ids.resize(tokens);
  return observation;
}

}  // namespace

TEST_CASE("stages end after 8 and 24 scored tokens, and at the end", "[early_stop]") {
  CHECK(stage_end(0, 50) == 8);
  CHECK(stage_end(8, 50) == 24);
  CHECK(stage_end(24, 50) == 50);
  CHECK(stage_end(0, 5) == 5);
  CHECK(stage_end(8, 20) == 20);
}

TEST_CASE("a string is left only when it is missed and out of reach", "[early_stop]") {
  const EarlyStop stop{std::log(1e-3), 0.1};
  CHECK(can_stop(observation_of(8, -1.0, 3), stop, 8));
  CHECK_FALSE(can_stop(observation_of(8, -0.8, 3), stop, 8));          // 6.4 nats: one in 602
  CHECK_FALSE(can_stop(observation_of(8, -1.0, 99), stop, 8));         // reproduced so far
  CHECK_FALSE(can_stop(observation_of(8, -1.0, 3, -0.05F), stop, 8));  // perhaps reproduced
  CHECK_FALSE(can_stop(observation_of(9, -1.0, 8), stop, 8));          // the miss is not read yet
}

TEST_CASE("every rule must put it out of reach", "[early_stop]") {
  const EarlyStop stop{std::log(1e-3), 0.1};
  ScoreObservation one = observation_of(8, -1.0, 3);
  one.rule_log_probs[1].assign(8, -0.5);
  CHECK_FALSE(can_stop(one, stop, 8));
  one.rule_log_probs[1][0] = -HUGE_VAL;
  CHECK(can_stop(one, stop, 8));
  one.rule_log_probs.clear();
  CHECK(can_stop(one, stop, 8));
  one.log_probs.assign(8, -0.5);
  CHECK_FALSE(can_stop(one, stop, 8));
}

TEST_CASE("a whole answer is cut where reading would have stopped", "[early_stop]") {
  const EarlyStop stop{-10.0, 0.1};
  const auto length_of = [&](double log_prob, std::size_t missed, std::size_t tokens = 50) {
    ScoreObservation observation = observation_of(tokens, log_prob, missed);
    cut_at_stop(observation, stop);
    CHECK(observation.gaps.size() == observation.log_probs.size());
    CHECK(observation.ranks.size() == observation.log_probs.size());
    CHECK(observation.argmax.size() == observation.log_probs.size());
    CHECK(observation.top_ids.size() == observation.log_probs.size());
    CHECK(observation.rule_log_probs[1].size() == observation.log_probs.size());
    return observation.log_probs.size();
  };
  CHECK(length_of(-2.0, 0) == 8);
  CHECK(length_of(-1.0, 0) == 24);
  CHECK(length_of(-2.0, 10) == 24);
  CHECK(length_of(-2.0, 30) == 50);
  CHECK(length_of(-0.1, 0) == 50);
  CHECK(length_of(-2.0, 0, 6) == 6);
}
