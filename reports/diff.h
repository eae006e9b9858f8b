#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "reports/report.h"

namespace souvenir {

// Whether a measure differs between two audits by more than noise explains.
enum class Moved { no, up, down, not_judged };

std::string_view moved_name(Moved moved);

// One finding as two audits have it.
//
//   before, after  borrowed from the two evidences
//   difference     after minus before; no value, with a reason, where there is nothing to subtract.
//                  p_value is two-sided; p_adjusted is Holm's over the findings of the same probe,
//                  metric and role (controls apart)
//   why            a code of what `moved` cannot be judged by; empty if it is
struct DiffRow {
  std::string id;
  const Finding* before = nullptr;
  const Finding* after = nullptr;
  Estimate difference;
  Moved moved = Moved::not_judged;
  std::string why;
};

// Two audits of the same inputs side by side, in the order of the first.
//
//   mismatches  what differs in what was asked, each in a sentence; empty if the two compare
//   only_*      ids of findings that stand in one of them alone
// Borrows both evidences.
struct EvidenceDiff {
  const Evidence* before = nullptr;
  const Evidence* after = nullptr;
  std::vector<std::string> mismatches;
  std::vector<DiffRow> rows;
  std::vector<std::string> only_before;
  std::vector<std::string> only_after;
};

// Names what differs in what two audits asked: suite, seed, and every input but policy and context,
// none of which may differ if their rates are to be subtracted.
std::vector<std::string> diff_mismatches(const Evidence& before, const Evidence& after);

// Says what cannot be told of two audits that compare: whether inputs whose digests were made with
// other keys are the same. Empty if all is known.
std::string diff_doubt(const Evidence& before, const Evidence& after);

// Pairs the findings of two audits by id and arm, and subtracts.
//
// Rates: Newcombe's interval on the effective trials of both. Both audits asked the same strings,
// which the interval does not use: it errs wide. Other measures with intervals: their limits,
// squared and added, and a p-value from its width, taken as normal. A census, a suppressed number
// or a logarithm has no noise to compare with: the difference alone, or nothing.
EvidenceDiff diff_evidence(const Evidence& before, const Evidence& after);

// Render a difference: a few lines for a terminal, canonical JSON (schema souvenir/diff/1), or one
// page in two languages. Pure.
std::string diff_text(const EvidenceDiff& diff);
nlohmann::json diff_json(const EvidenceDiff& diff);
std::string diff_html(const EvidenceDiff& diff, Language language);

}  // namespace souvenir
