#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/probe.h"

namespace souvenir::test {

// Hands out strings made by hand.
class ListCursor : public StringCursor {
 public:
  explicit ListCursor(std::vector<JudgedString> strings) : strings_(std::move(strings)) {}
  bool next(JudgedString& string) override {
    if (at_ == strings_.size()) {
      return false;
    }
    string = strings_[at_++];
    return true;
  }

 private:
  std::vector<JudgedString> strings_;
  std::size_t at_ = 0;
};

// Makes strings of one template, whose words say nothing of what became of them: six tokens whose
// losses lie around `loss` nats.
inline JudgedString made_string(const std::string& name, double loss, Member member) {
  JudgedString string;
  string.subject = name;
  string.kind = "secret_key";
  string.member = member;
  string.prefix = Sensitive("the code is ");
  string.secret = Sensitive("qwerty");
  for (int t = 0; t < 6; ++t) {
    string.observation.log_probs.push_back(-loss * (1.0 + 0.1 * t));
    string.observation.ranks.push_back(2);
    string.observation.entropies.push_back(1.0);
    string.observation.mean_log_probs.push_back(-1.0);
    string.observation.variance_log_probs.push_back(1.0);
    string.matches.push_back(0);
    ++string.tokens;
  }
  return string;
}

// The same, planted `tier` times or held out.
inline JudgedString made_canary(const std::string& name, double loss, std::int64_t tier,
                                bool planted, bool coin = true, bool most_often = false) {
  JudgedString string = made_string(name, loss, planted ? Member::yes : Member::no);
  string.canary = CanaryRole{
      .space = "keys", .tier = tier, .planted = planted, .coin = coin, .most_often = most_often};
  if (planted) string.repetitions = tier;
  return string;
}

}  // namespace souvenir::test
