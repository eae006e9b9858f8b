#include "reports/policy.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/error.h"
#include "harness/evidence/config_object.h"
#include "harness/evidence/strict_json.h"
#include "metrics/binomial.h"
#include "reports/gate_text.h"

namespace souvenir {
namespace {

using nlohmann::json;

constexpr const char* kName = "policy";
constexpr double kLargest = std::numeric_limits<double>::max();
const std::vector<std::string> kRoles{"negative", "positive", "blind", "reference"};

std::string required_text(ConfigObject& fields, const std::string& key) {
  std::string text = fields.text(key);
  if (text.empty()) fields.fail(key, "must not be empty");
  return text;
}

std::optional<std::int64_t> count(ConfigObject& fields, const std::string& key) {
  if (fields.find(key) == nullptr) return std::nullopt;
  return fields.integer(key, 0, std::int64_t{1} << 53);
}

std::vector<std::string> read_roles(ConfigObject& fields) {
  std::vector<std::string> roles;
  const json* list = fields.list("require_controls");
  if (list == nullptr) return roles;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json& item = (*list)[i];
    if (!item.is_string()) {
      fields.fail("require_controls", i,
                  std::string("expected a string, found ") + item.type_name());
    }
    roles.push_back(item.get<std::string>());
    if (std::find(kRoles.begin(), kRoles.end(), roles.back()) == kRoles.end()) {
      fields.fail(
          "require_controls", i,
          "unknown control; the nearest known one is \"" + nearest(roles.back(), kRoles) + "\"");
    }
  }
  return roles;
}

Limit read_limit(const json& object, const std::string& pointer) {
  ConfigObject fields(object, kName, pointer);
  Limit limit;
  limit.finding = required_text(fields, "finding");
  if (fields.find("at_most") != nullptr) {
    limit.at_most = fields.number("at_most", -kLargest, kLargest);
  }
  limit.max_count = count(fields, "max_count");
  limit.not_worse_than_baseline = fields.boolean("not_worse_than_baseline", false);
  limit.min_n = count(fields, "min_n");
  limit.require_controls = read_roles(fields);
  limit.owner = fields.text("owner", "");
  limit.reason = fields.text("reason", "");
  limit.date = fields.text("date", "");
  fields.finish();
  if (!limit.at_most && !limit.max_count && !limit.not_worse_than_baseline) {
    throw Error(ErrorKind::input,
                std::string(kName) + ": " + pointer +
                    ": sets no limit: expected at_most, max_count or not_worse_than_baseline");
  }
  return limit;
}

Waiver read_waiver(const json& object, const std::string& pointer) {
  ConfigObject fields(object, kName, pointer);
  Waiver waiver;
  waiver.finding = required_text(fields, "finding");
  waiver.owner = fields.text("owner", "");
  waiver.reason = fields.text("reason", "");
  waiver.expires = required_text(fields, "expires");
  fields.finish();
  if (!is_date(waiver.expires)) {
    fields.fail("expires", "expected a day as YYYY-MM-DD, found another text");
  }
  return waiver;
}

// Whether a pattern's metric is a rate, whose bounds depend on the number of strings alone once
// there is no hit.
bool speaks_of_rates(const std::string& pattern) {
  const std::size_t metric = pattern.find('/');
  const std::string name = metric == std::string::npos ? pattern : pattern.substr(metric + 1);
  return name.substr(0, name.find_first_of("[/")).find("rate") != std::string::npos;
}

bool limits_a_rate(const Limit& limit) {
  return limit.at_most && *limit.at_most < 1.0 && speaks_of_rates(limit.finding);
}

// The n whose upper bound, with no hit, is within the limit; min_n aside.
std::optional<std::int64_t> zero_hit_n(const Limit& limit) {
  return *limit.at_most < 0.0 ? std::nullopt : n_to_pass(0, *limit.at_most, 0.95);
}

void remark_on_size(const Limit& limit, std::vector<Remark>& remarks) {
  if (!limits_a_rate(limit)) return;
  const auto needed = zero_hit_n(limit);
  const std::string at_most = limit.finding + ": at_most " + number_text(*limit.at_most);
  if (!needed) {
    remarks.push_back({"limit_never_passes",
                       at_most + " can never pass on a rate, however many strings are asked; "
                                 "max_count limits the hits themselves",
                       std::nullopt});
    return;
  }
  if (limit.min_n && *limit.min_n >= *needed) return;
  const std::string least = at_most + " needs at least " + std::to_string(*needed) +
                            " persons (or strings) even with no hit; ";
  const double count = static_cast<double>(*needed);
  if (limit.min_n) {
    remarks.push_back({"min_n_too_small",
                       least + "min_n asks for " + std::to_string(*limit.min_n) + " only", count});
  } else {
    remarks.push_back({"needs_n", least + "with fewer it is inconclusive", count});
  }
}

}  // namespace

Policy parse_policy(std::string_view json_text) {
  const json document = strict_json(json_text, kName, ErrorKind::input);
  ConfigObject fields(document, kName, "");
  if (fields.text("schema") != kPolicySchema) {
    fields.fail("schema", std::string("expected \"") + kPolicySchema + "\", found another");
  }
  fields.text("$schema", "");  // for editors
  Policy policy;
  fields.required("limits");
  if (const json* list = fields.list("limits")) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      policy.limits.push_back(read_limit((*list)[i], "/limits/" + std::to_string(i)));
    }
  }
  if (const json* list = fields.list("waivers")) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      policy.waivers.push_back(read_waiver((*list)[i], "/waivers/" + std::to_string(i)));
    }
  }
  fields.finish();
  return policy;
}

std::vector<Remark> validate_policy(const Policy& policy) {
  std::vector<Remark> remarks;
  if (policy.limits.empty()) {
    remarks.push_back({"no_limits", "the policy has no limit: no audit can pass", std::nullopt});
  }
  for (const Limit& limit : policy.limits) {
    remark_on_size(limit, remarks);
    if (limit.owner.empty() || limit.reason.empty()) {
      remarks.push_back({"limit_without_owner",
                         limit.finding + ": the limit names no owner or no reason", std::nullopt});
    }
  }
  for (const Waiver& waiver : policy.waivers) {
    if (waiver.owner.empty() || waiver.reason.empty()) {
      remarks.push_back({"waiver_without_owner",
                         waiver.finding + ": the waiver names no owner or no reason",
                         std::nullopt});
    }
  }
  return remarks;
}

std::optional<std::int64_t> least_n(const Limit& limit) {
  if (!limits_a_rate(limit)) return limit.min_n;
  const auto needed = zero_hit_n(limit);
  if (!needed) return std::nullopt;
  return std::max(*needed, limit.min_n.value_or(1));
}

// Greedy with one point to return to: the last "*" may always take one more character.
bool pattern_matches(std::string_view pattern, std::string_view id) {
  std::size_t p = 0;
  std::size_t i = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (i < id.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = i;
    } else if (p < pattern.size() && pattern[p] == id[i]) {
      ++p;
      ++i;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool is_date(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != '-') return false;
  }
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    for (const char c : text.substr(at, size)) value = 10 * value + (c - '0');
    return value;
  };
  const int year = number(0, 4);
  const int month = number(5, 2);
  const int day = number(8, 2);
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr std::array<int, 13> kDays{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12) return false;
  return day >= 1 &&
         day <= kDays.at(static_cast<std::size_t>(month)) + (month == 2 && leap ? 1 : 0);
}

}  // namespace souvenir
