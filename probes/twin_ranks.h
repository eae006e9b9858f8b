#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/probe.h"

namespace souvenir {

// Where a subject's value stands among its twins, by log-probability after the same prompt.
//
//   string  the subject, without its answers and texts
//   first   more likely than every twin; a tie is not first
//   twins   how many
struct TwinRank {
  JudgedString string;
  bool first = false;
  std::int64_t twins = 0;
};

// Collects subjects and their twins, in whatever order they come. Memory grows with the strings
// that have twins, by a few numbers each.
class TwinRanks {
 public:
  // Takes a string with its answer; windows of a text, and strings without an answer, are left out.
  void add(const JudgedString& string);

  // Returns the subjects with at least `min_twins` twins, those of one person together.
  std::vector<TwinRank> ranked(std::int64_t min_twins) const;

 private:
  struct Own {
    JudgedString string;
    double log_p = 0.0;
  };

  std::map<std::string, Own> subjects_;
  std::map<std::string, std::vector<double>> twins_;
};

}  // namespace souvenir
