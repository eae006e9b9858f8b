#include "harness/difference.h"

namespace souvenir {

namespace {

using nlohmann::json;

std::string shown(const json& value) { return value.is_null() ? "nothing" : value.dump(); }

}  // namespace

std::string first_difference(const json& left, const json& right, const DifferenceWords& words,
                             const std::string& at) {
  if (left == right) return {};
  if (!left.is_object() || !right.is_object()) {
    return at + ": " + words.left + " " + shown(left) + ", " + words.right + " " + shown(right);
  }
  json keys = left;
  keys.update(right);
  for (const auto& [key, ignored] : keys.items()) {
    const std::string found = first_difference(left.value(key, json()), right.value(key, json()),
                                               words, at.empty() ? key : at + "." + key);
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace souvenir
