#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/finding.h"
#include "probes/membership_table.h"

namespace souvenir {

inline constexpr const char* kMembershipName = "membership";
inline constexpr const char* kMembershipVersion = "1";

// The scores of one way of guessing on the rows of a stratum, and their area.
//
//   values    [rows] no value where not defined
//   reversed  a baseline that guesses better the other way round
struct ScoreColumn {
  std::string name;
  std::vector<std::optional<double>> values;
  bool reversed = false;
  Estimate area;
};

// Everything asked of one stratum of one population: areas of all scores and of the baselines, and
// true-positive rates over everything. Words are decided by the caller.
//
// Borrows table, parameters, stratum and rows.
class StratumJudge {
 public:
  StratumJudge(const MembershipTable& table, const MembershipParameters& parameters,
               const Stratum& stratum, const MembershipRows& rows, bool canaries,
               std::uint64_t seed);

  //   most_planted  this class's own answer for the canaries planted most often: the positive
  //                 control of each score; empty for real strings
  std::vector<Finding> findings(const std::vector<Finding>& most_planted) const;

 private:
  using Values = std::vector<std::optional<double>>;

  void add_blind_columns(std::uint64_t seed);
  void orient(ScoreColumn& column) const;
  LabelledColumns labelled(const Values& values, const Values* both = nullptr) const;
  ScoreColumn attack_column(std::size_t index) const;
  const ScoreColumn* best_blind() const;
  std::optional<bool> exchangeable() const;

  Finding base(const std::string& metric, const std::string& score,
               std::optional<double> fpr = std::nullopt) const;
  Finding area_finding(const ScoreColumn& column, const std::vector<Finding>& most_planted) const;
  Finding blind_finding(const ScoreColumn& column) const;
  void add_rates(const ScoreColumn& column, const std::vector<Finding>& most_planted,
                 std::vector<Finding>& out) const;
  void add_held_out(Finding& finding, double chance) const;
  void add_positive(Finding& finding, const std::string& score,
                    const std::vector<Finding>& most_planted) const;
  void add_blind(Finding& finding, const ScoreColumn& column) const;
  void add_curve(Finding& finding, const ScoreColumn& column) const;
  void add_caveats(Finding& finding, const ScoreColumn& column) const;

  std::int64_t units(bool members) const;
  void withhold(Finding& finding) const;

  const MembershipTable& table_;
  const MembershipParameters& parameters_;
  const Stratum& stratum_;
  const MembershipRows& rows_;
  bool canaries_;
  std::int64_t members_ = 0;
  std::int64_t others_ = 0;
  std::vector<ScoreColumn> blind_;
};

}  // namespace souvenir
