#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "metrics/roc.h"
#include "probes/blind_baseline.h"
#include "probes/membership_parameters.h"
#include "probes/strata.h"

namespace souvenir {

// One string of known membership, with its scores.
//
//   person   a number that stands for it; negative: a string without one
//   scores   [attack_names()] no value where a score is not defined
//   clamped  tokens whose deviation Min-K++ had to clamp
//   strata   where a member counts, and where a non-member is a control that matches
struct MembershipRow {
  bool member = false;
  bool planted_most = false;
  std::int64_t person = -1;
  std::vector<std::optional<double>> scores;
  std::int64_t clamped = 0;
  BlindFeatures blind;
  std::vector<Stratum> strata;
};

// Strings whose members and non-members may be compared: real ones, or canaries. Memory grows with
// them.
//
//   left_out_unknown    membership is not known
//   left_out_positive   known to be memorised: no sample of anything
struct MembershipTable {
  std::vector<MembershipRow> rows;
  bool persons_given = false;
  std::int64_t left_out_unknown = 0;
  std::int64_t left_out_positive = 0;
  std::map<std::string, std::string> reasons;  // by score: why it has no value, one of the causes
};

struct MembershipTables {
  MembershipTable subjects;
  MembershipTable canaries;
};

MembershipTables read_membership(StringCursor& strings, const MembershipParameters& parameters);

// The rows of a stratum, of both classes.
using MembershipRows = std::vector<const MembershipRow*>;

// Returns the strata that members stand in, everything first, each with its members and the
// non-members that match: those of the same stratum, or all where none knows the key.
std::map<Stratum, MembershipRows, StratumOrder> strata_of(const MembershipTable& table);

// Scores of some rows, side by side with labels and persons: what metrics/roc.h borrows.
struct LabelledColumns {
  std::vector<double> members;
  std::vector<double> non_members;
  std::vector<std::int64_t> member_persons;
  std::vector<std::int64_t> non_member_persons;

  void add(const MembershipRow& row, double score, bool persons_given);
  LabelledScores scores() const {
    return {members, non_members, member_persons, non_member_persons};
  }
};

}  // namespace souvenir
