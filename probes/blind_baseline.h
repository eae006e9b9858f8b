#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/probe.h"

namespace souvenir {

// What can be told of a string without any model: what its membership would have to be guessed
// from by somebody who never asked one.
//
//   group  strings of one group are learned from, or judged, together: a person, or a subject with
//          its twins
//   words  [distinct] hashes of the words of prefix and secret, and of the shapes of their numbers
//   date   days, where a stratum called `date` gives one
struct BlindFeatures {
  std::string group;
  double bytes = 0.0;
  double compressed = 0.0;
  std::vector<std::uint64_t> words;
  std::optional<double> date;
};

BlindFeatures blind_features(const JudgedString& string);

// Scores strings by their words: how much more often members use them than others do (naive Bayes
// over presence, one half added to each count), learned on other groups than the one judged.
//
//   member  [features]
//   folds   groups are dealt into so many, by their names and the seed
//
// Returns   [features] out of fold, natural logarithm of the odds
// Requires  as many labels as features; folds >= 2
std::vector<double> bag_of_words_scores(const std::vector<const BlindFeatures*>& features,
                                        const std::vector<bool>& member, std::int64_t folds,
                                        std::uint64_t seed);

// Reads a date, YYYY-MM-DD or YYYY-MM or YYYY, or a number, as days since year 0 (months of 31).
// Only its order means anything.
std::optional<double> days_of(const ParamValue& value);

}  // namespace souvenir
