#include "reports/policy.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <utility>

#include "harness/error.h"
#include "harness/evidence/strict_json.h"
#include "metrics/binomial.h"
#include "reports/gate_text.h"

namespace souvenir {
namespace {

using nlohmann::json;

const std::vector<std::string> kRoles{"negative", "positive", "blind", "reference"};

[[noreturn]] void fail(const std::string& pointer, const std::string& message) {
  throw Error(ErrorKind::input, "policy: " + pointer + ": " + message);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row[b.size()];
}

template <typename Words>
std::string nearest(std::string_view word, const Words& known) {
  return *std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return edit_distance(word, a) < edit_distance(word, b);
  });
}

// Reads the fields of one JSON object and refuses those it was not asked for. Borrows the object.
class Fields {
 public:
  Fields(const json& object, std::string pointer) : object_(object), pointer_(std::move(pointer)) {
    if (!object_.is_object()) {
      fail(pointer_.empty() ? "/" : pointer_,
           std::string("expected an object, found ") + object_.type_name());
    }
  }

  const json* find(const std::string& key) {
    known_.insert(key);
    const auto at = object_.find(key);
    return at == object_.end() ? nullptr : &*at;
  }

  const json& require(const std::string& key) {
    const json* value = find(key);
    if (value == nullptr) fail(pointer(key), "is required");
    return *value;
  }

  std::string text(const std::string& key) {
    const json* value = find(key);
    return value == nullptr ? std::string() : text_of(*value, pointer(key));
  }

  std::string required_text(const std::string& key) {
    const std::string text = text_of(require(key), pointer(key));
    if (text.empty()) fail(pointer(key), "must not be empty");
    return text;
  }

  std::optional<std::int64_t> count(const std::string& key) {
    const json* value = find(key);
    if (value == nullptr) return std::nullopt;
    // nlohmann reads any whole number that is not negative as unsigned.
    const bool fits = value->is_number_unsigned() && value->get<std::uint64_t>() <= std::uint64_t{1}
                                                                                        << 53;
    if (!fits) fail(pointer(key), "expected a whole number, at least 0");
    return value->get<std::int64_t>();
  }

  const json* list(const std::string& key) {
    const json* value = find(key);
    if (value != nullptr && !value->is_array()) {
      fail(pointer(key), std::string("expected a list, found ") + value->type_name());
    }
    return value;
  }

  void finish() const {
    for (const auto& [key, value] : object_.items()) {
      if (key == "comment") text_of(value, pointer(key));  // for people: not read
      if (known_.contains(key)) continue;
      fail(pointer(key), "unknown key; did you mean \"" + nearest(key, known_) + "\"?");
    }
  }

  std::string pointer(const std::string& key) const {
    std::string escaped;
    for (const char c : key) {
      escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return pointer_ + "/" + escaped;
  }

  static std::string text_of(const json& value, const std::string& pointer) {
    if (!value.is_string()) {
      fail(pointer, std::string("expected a string, found ") + value.type_name());
    }
    return value.get<std::string>();
  }

 private:
  const json& object_;
  std::string pointer_;
  std::set<std::string> known_ = {"comment"};
};

std::vector<std::string> read_roles(Fields& fields) {
  std::vector<std::string> roles;
  const json* list = fields.list("require_controls");
  if (list == nullptr) return roles;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string pointer = fields.pointer("require_controls") + "/" + std::to_string(i);
    const std::string role = Fields::text_of((*list)[i], pointer);
    if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
      fail(pointer, "unknown control; did you mean \"" + nearest(role, kRoles) + "\"?");
    }
    roles.push_back(role);
  }
  return roles;
}

Limit read_limit(const json& object, const std::string& pointer) {
  Fields fields(object, pointer);
  Limit limit;
  limit.finding = fields.required_text("finding");
  if (const json* value = fields.find("at_most")) {
    if (!value->is_number()) {
      fail(fields.pointer("at_most"),
           std::string("expected a number, found ") + value->type_name());
    }
    limit.at_most = value->get<double>();
  }
  limit.max_count = fields.count("max_count");
  if (const json* value = fields.find("not_worse_than_baseline")) {
    if (!value->is_boolean()) {
      fail(fields.pointer("not_worse_than_baseline"),
           std::string("expected true or false, found ") + value->type_name());
    }
    limit.not_worse_than_baseline = value->get<bool>();
  }
  limit.min_n = fields.count("min_n");
  limit.require_controls = read_roles(fields);
  limit.owner = fields.text("owner");
  limit.reason = fields.text("reason");
  limit.date = fields.text("date");
  fields.finish();
  if (!limit.at_most && !limit.max_count && !limit.not_worse_than_baseline) {
    fail(pointer, "sets no limit: expected at_most, max_count or not_worse_than_baseline");
  }
  return limit;
}

Waiver read_waiver(const json& object, const std::string& pointer) {
  Fields fields(object, pointer);
  Waiver waiver;
  waiver.finding = fields.required_text("finding");
  waiver.owner = fields.text("owner");
  waiver.reason = fields.text("reason");
  waiver.expires = fields.required_text("expires");
  fields.finish();
  if (!is_date(waiver.expires)) {
    fail(fields.pointer("expires"), "expected a day as YYYY-MM-DD, found another text");
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
  const json document = strict_json(json_text, "policy", ErrorKind::input);
  Fields fields(document, "");
  const std::string schema = Fields::text_of(fields.require("schema"), "/schema");
  if (schema != kPolicySchema) {
    fail("/schema", std::string("expected \"") + kPolicySchema + "\", found another");
  }
  fields.text("$schema");  // for editors
  Policy policy;
  if (fields.require("limits"); const json* list = fields.list("limits")) {
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
