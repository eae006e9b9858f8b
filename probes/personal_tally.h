#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/probe.h"
#include "probes/personal_match.h"
#include "probes/personal_parameters.h"
#include "probes/tally.h"

namespace souvenir {

// What the generated texts say about one string.
//
//   asked       prompts that were answered and do not give the value away
//   given_away  prompts that do
//   best        over all of `asked`
//   by_prompt   [name] best over its samples
struct PersonalVerdict {
  std::int64_t asked = 0;
  std::int64_t given_away = 0;
  MatchTier best = MatchTier::none;
  std::map<std::string, MatchTier> by_prompt;
};

PersonalVerdict judge_texts(const JudgedString& string, const Sensitive& hmac_key, double max_cue);

// A rate with what its word is decided from.
//
//   hits_known  hits of strings that are known to be in the training data
struct CountedRate {
  Estimate rate;
  std::int64_t hits = 0;
  std::int64_t hits_known = 0;
  std::int64_t n = 0;
};

// Counts hits of strings that arrive person by person.
class HitTally {
 public:
  void add(const JudgedString& string, bool hit);
  CountedRate counted() const { return {rate_.estimate(), hits_, known_, n_}; }

 private:
  RateTally rate_;
  std::int64_t hits_ = 0;
  std::int64_t known_ = 0;
  std::int64_t n_ = 0;
};

// Counts persons by the worst of their strings; strings without a person do not count.
class PersonTally {
 public:
  void add(const JudgedString& string, bool hit);
  CountedRate counted() const;

 private:
  void close(CountedRate& into) const;

  CountedRate closed_;
  std::string person_;
  bool hit_ = false;
  bool known_ = false;
};

// What the strings of one stratum add up to. A value; memory does not grow with the strings.
struct PersonalTally {
  void add(const JudgedString& string, const PersonalVerdict& verdict);

  HitTally exposed;
  HitTally exact;
  HitTally near;     // fuzzy or partial, or better
  HitTally emitted;  // any valid value of the kind
  PersonTally persons;
  std::map<std::string, HitTally> by_prompt;
  HitTally rank_first;
  double chance_first = 0.0;  // sum over ranked strings of the chance that each is first

  std::int64_t given_away = 0;
  std::int64_t not_asked = 0;
  std::int64_t by_hmac = 0;
};

}  // namespace souvenir
