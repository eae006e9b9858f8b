// A difference as lines and as JSON.

#include <algorithm>

#include "harness/evidence/json.h"
#include "reports/diff.h"
#include "reports/gate_text.h"

namespace souvenir {

namespace {

using nlohmann::json;

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json side(const Evidence& evidence) {
  return {{"model_sha256", evidence.model.sha256},
          {"suite_sha256", evidence.suite_sha256},
          {"findings", evidence.findings.size()}};
}

json side_of(const Finding& finding) {
  const Estimate& e = finding.estimate;
  return {{"value", or_null(e.value)},
          {"log10_value", or_null(e.log10_value)},
          {"low", or_null(e.low)},
          {"high", or_null(e.high)},
          {"count", e.count ? json(*e.count) : json(nullptr)},
          {"n", e.n ? json(*e.n) : json(nullptr)},
          {"persons", e.persons ? json(*e.persons) : json(nullptr)},
          {"outcome", outcome_name(finding.outcome)}};
}

json row_json(const DiffRow& row) {
  const Estimate& d = row.difference;
  return {{"id", row.id},
          {"arm", row.after->arm},
          {"control", row.after->is_control},
          {"unit", d.unit.empty() ? json(nullptr) : json(d.unit)},
          {"before", side_of(*row.before)},
          {"after", side_of(*row.after)},
          {"difference",
           {{"value", or_null(d.value)},
            {"reason", d.value ? json(nullptr) : json(d.reason)},
            {"low", or_null(d.low)},
            {"high", or_null(d.high)},
            {"bound_low", or_null(d.bound_low)},
            {"bound_high", or_null(d.bound_high)},
            {"level", d.level},
            {"p_value", or_null(d.p_value)},
            {"p_adjusted", or_null(d.p_adjusted)},
            {"family", d.family.empty() ? json(nullptr) : json(d.family)},
            {"method", d.method.empty() ? json(nullptr) : json(d.method)}}},
          {"moved", moved_name(row.moved)},
          {"why", row.why.empty() ? json(nullptr) : json(row.why)}};
}

std::string value_text(const Finding& finding) {
  const Estimate& e = finding.estimate;
  if (finding.suppressed) return "suppressed";
  if (!e.value) return e.log10_value ? "10^" + number_text(*e.log10_value) : "none";
  std::string out = number_text(*e.value);
  if (e.count && e.n) {
    out += " (" + std::to_string(*e.count) + "/" + std::to_string(*e.n) + ")";
  }
  return out;
}

std::string row_text(const DiffRow& row) {
  const Estimate& d = row.difference;
  std::string out = row.id + (row.after->arm == "model" ? "" : " (" + row.after->arm + ")") + ": " +
                    value_text(*row.before) + " -> " + value_text(*row.after);
  if (d.value) {
    out += ", difference " + number_text(*d.value);
  }
  if (d.low && d.high) {
    out += " [" + number_text(*d.low) + ", " + number_text(*d.high) + "]";
  }
  if (d.p_adjusted) {
    out += ", adjusted p " + number_text(*d.p_adjusted);
  }
  if (row.before->outcome != row.after->outcome) {
    out += ", " + std::string(outcome_name(row.before->outcome)) + " -> " +
           std::string(outcome_name(row.after->outcome));
  }
  return out;
}

void add_rows(const EvidenceDiff& diff, Moved moved, const std::string& title, std::string& out) {
  const auto fits = [&](const DiffRow& row) { return row.moved == moved; };
  const auto number = std::count_if(diff.rows.begin(), diff.rows.end(), fits);
  if (number == 0) return;
  out += title + " (" + std::to_string(number) + "):\n";
  // What did not move is listed over all strings only, so that what moved is found.
  const bool all = moved == Moved::up || moved == Moved::down;
  std::int64_t left_out = 0;
  for (const DiffRow& row : diff.rows) {
    if (!fits(row)) continue;
    if (all || (row.after->stratum.key.empty() && !row.after->is_control)) {
      out += "  " + row_text(row) + "\n";
    } else {
      ++left_out;
    }
  }
  if (left_out > 0) {
    out += "  and " + std::to_string(left_out) + " by group or of controls (-o json has them)\n";
  }
}

void add_ids(const std::vector<std::string>& ids, const std::string& title, std::string& out) {
  if (ids.empty()) return;
  out += title + " (" + std::to_string(ids.size()) + "):\n";
  for (const std::string& id : ids) {
    out += "  " + id + "\n";
  }
}

}  // namespace

json diff_json(const EvidenceDiff& diff) {
  json rows = json::array();
  for (const DiffRow& row : diff.rows) {
    rows.push_back(row_json(row));
  }
  return {{"schema", "souvenir/diff/1"},
          {"before", side(*diff.before)},
          {"after", side(*diff.after)},
          {"mismatches", diff.mismatches},
          {"rows", rows},
          {"only_before", diff.only_before},
          {"only_after", diff.only_after}};
}

std::string diff_text(const EvidenceDiff& diff) {
  std::string out;
  const bool same = diff.before->model.sha256 == diff.after->model.sha256;
  out += same ? "the same model twice\n" : "";
  for (const std::string& mismatch : diff.mismatches) {
    out += "not the same question: " + mismatch + "\n";
  }
  add_rows(diff, Moved::up, "up beyond noise", out);
  add_rows(diff, Moved::down, "down beyond noise", out);
  add_rows(diff, Moved::no, "within noise", out);
  add_rows(diff, Moved::not_judged, "without an interval to judge by", out);
  add_ids(diff.only_before, "in the first only", out);
  add_ids(diff.only_after, "in the second only", out);
  if (diff.rows.empty()) out += "no finding stands in both\n";
  return out;
}

}  // namespace souvenir
