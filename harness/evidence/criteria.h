#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"

namespace souvenir {

struct BilingualText {
  std::string en;
  std::string fr;
};

// Where a criterion comes from.
//
//   mark   P: the primary text was read; S: secondary sources; M: not verified, never printed
//   force  law | guidance | draft | standard | voluntary
struct CriterionSource {
  BilingualText cite;
  std::string mark;
  std::string force;
};

// How a word is derived from findings (README.md, "Criteria").
enum class CriterionRule { claim, stratum, instrument, effort, incident, judgement, none };

// One criterion of the catalogue.
//
//   question   what is asked of the model, in a sentence
//   human      what remains for a person to judge
//   findings   "probe/metric" the word rests on
//   strata     keys of strata it rests on
//   support    whether findings can ever say not_contradicted_in_scope: not where they cover only
//              a part of what is asked
//   otherwise  the word without any finding
struct Criterion {
  std::string id;
  BilingualText title;
  BilingualText question;
  std::vector<CriterionSource> sources;
  std::string force;
  BilingualText human;
  CriterionRule rule = CriterionRule::none;
  std::vector<std::string> findings;
  std::vector<std::string> strata;
  std::string arm;
  bool support = false;
  Outcome otherwise = Outcome::not_tested;
};

struct CriteriaCatalogue {
  std::string version;
  std::vector<Criterion> criteria;
};

// Returns the catalogue that is built in (configs/criteria.json). Safe from any thread.
const CriteriaCatalogue& criteria_catalogue();

// Gives every criterion of the catalogue its word, from the findings at hand. The logic is one-way:
// a finding can contradict what a criterion asks, none can establish it.
std::vector<CriterionOutcome> criteria_outcomes(std::span<const Finding> findings);

}  // namespace souvenir
