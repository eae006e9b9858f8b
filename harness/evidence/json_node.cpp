#include "harness/evidence/json_node.h"

#include <cmath>

#include "harness/error.h"

namespace souvenir {

namespace {

// RFC 6901: "~" and "/" inside a key are written ~0 and ~1.
std::string pointer_part(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return out;
}

}  // namespace

void JsonNode::fail(const std::string& message) const {
  throw Error(ErrorKind::integrity,
              "evidence: " + (pointer_.empty() ? std::string("/") : pointer_) + ": " + message);
}

void JsonNode::wrong_type(const std::string& expected) const {
  fail("expected " + expected + ", found " +
       (value_ == nullptr ? std::string("nothing") : value_->type_name()));
}

JsonNode JsonNode::get(std::string_view key) const {
  const std::string pointer = pointer_ + pointer_part(key);
  if (absent()) {
    return {nullptr, pointer};
  }
  if (!value_->is_object()) {
    wrong_type("an object");
  }
  const auto at = value_->find(key);
  return {at == value_->end() ? nullptr : &*at, pointer};
}

JsonNode JsonNode::require(std::string_view key) const {
  JsonNode node = get(key);
  if (node.absent()) {
    node.wrong_type("a value");
  }
  return node;
}

std::vector<JsonNode> JsonNode::items() const {
  std::vector<JsonNode> out;
  if (absent()) {
    return out;
  }
  if (!value_->is_array()) {
    wrong_type("an array");
  }
  for (std::size_t i = 0; i < value_->size(); ++i) {
    out.emplace_back(&(*value_)[i], pointer_ + "/" + std::to_string(i));
  }
  return out;
}

std::vector<std::pair<std::string, JsonNode>> JsonNode::members() const {
  std::vector<std::pair<std::string, JsonNode>> out;
  if (absent()) {
    return out;
  }
  if (!value_->is_object()) {
    wrong_type("an object");
  }
  for (auto at = value_->begin(); at != value_->end(); ++at) {
    out.emplace_back(at.key(), JsonNode(&at.value(), pointer_ + pointer_part(at.key())));
  }
  return out;
}

std::string JsonNode::text() const {
  if (absent() || !value_->is_string()) {
    wrong_type("a string");
  }
  return value_->get<std::string>();
}

double JsonNode::number() const {
  if (absent() || !value_->is_number()) {
    wrong_type("a number");
  }
  return value_->get<double>();
}

std::int64_t JsonNode::integer() const {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  const double as_double = number();
  if (std::floor(as_double) != as_double || std::abs(as_double) > kLargestExact) {
    fail("expected an integer of at most 2^53, found another number");
  }
  return static_cast<std::int64_t>(as_double);
}

std::string JsonNode::text_or(const std::string& fallback) const {
  return absent() ? fallback : text();
}

std::optional<double> JsonNode::optional_number() const {
  return absent() ? std::nullopt : std::optional<double>(number());
}

std::optional<bool> JsonNode::optional_boolean() const {
  if (absent()) {
    return std::nullopt;
  }
  if (!value_->is_boolean()) {
    wrong_type("true or false");
  }
  return value_->get<bool>();
}

std::optional<std::int64_t> JsonNode::optional_count() const {
  if (absent()) {
    return std::nullopt;
  }
  const std::int64_t count = integer();
  if (count < 0) {
    fail("expected a count, found a negative number");
  }
  return count;
}

}  // namespace souvenir
