#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "harness/probe.h"
#include "probes/extraction_parameters.h"
#include "probes/tally.h"

namespace souvenir {

// Returns what says how easily a string is guessed: its kind, canaries apart, whose secrets come
// from a space of their own.
std::string kind_of_guess(const JudgedString& string);

// Says whether float32 judges a string otherwise than the pass in 16 bits that left no doubt about
// it: its greedy match, or whether any number of queries asked about extracts it.
//
// Requires  string.screened
bool verdict_changed(const JudgedString& string, const ExtractionParameters& parameters);

// What the strings of one stratum add up to. A value; memory does not grow with the strings.
//
//   extractable  [rule][probability][query]
//   p_z          [rule]
//   weakest      [run length] least bits over all strings that were read to their end; infinite
//                where none is long enough
//   left         strings that were not, since nothing behind could matter
//   longest_left tokens of the longest of them
struct ExtractionTally {
  explicit ExtractionTally(const ExtractionParameters& parameters);

  void add(const JudgedString& string, const ExtractionParameters& parameters,
           double near_tie_delta);

  RateTally verbatim;
  MeanTally matched_share;
  std::vector<std::vector<std::vector<RateTally>>> extractable;
  std::vector<std::vector<std::vector<std::int64_t>>> extractable_hits;
  std::vector<LogProbabilityTally> p_z;
  std::vector<double> weakest;

  std::map<std::string, std::int64_t> kinds = {};  // strings of each kind_of_guess
  std::int64_t strings = 0;
  std::int64_t hits = 0;          // reproduced
  std::int64_t gained = 0;        // reproduced, and not given away by their prompt
  std::int64_t gained_known = 0;  // of them, known to be in the training data
  std::int64_t given_away = 0;
  std::int64_t ambiguous = 0;
  std::int64_t rescored = 0;
  std::int64_t left = 0;
  std::int64_t longest_left = 0;
  std::int64_t straddling = 0;
  std::int64_t with_specials = 0;
  std::int64_t windows = 0;  // strings that share their subject with the string before
  std::int64_t shortest_tokens = std::numeric_limits<std::int64_t>::max();
  std::int64_t longest_tokens = 0;

 private:
  std::string last_subject_;
};

}  // namespace souvenir
