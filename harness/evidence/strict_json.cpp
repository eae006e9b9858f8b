#include "harness/evidence/strict_json.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace souvenir {

namespace {

using nlohmann::json;

// Watches the parser: of two equal keys nlohmann silently keeps the last, and it nests without end.
class Watch {
 public:
  Watch(const std::string& name, ErrorKind kind, int depth)
      : name_(name), kind_(kind), depth_(depth) {}

  bool operator()(int depth, json::parse_event_t event, const json& value) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= depth_) {
      throw Error(kind_, name_ + ": expected at most " + std::to_string(depth_) +
                             " levels of nesting, found more");
    }
    if (event == json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == json::parse_event_t::key &&
               !open_.back().insert(value.get_ref<const std::string&>()).second) {
      throw Error(kind_, name_ + ": a key stands twice in one object (level " +
                             std::to_string(depth) + ")");
    }
    return true;
  }

 private:
  const std::string& name_;
  ErrorKind kind_;
  int depth_;
  std::vector<std::set<std::string>> open_;
};

std::string place(std::string_view text, std::size_t byte) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size()));
  return "byte " + std::to_string(byte) + " (line " +
         std::to_string(1 + std::count(text.begin(), end, '\n')) + ")";
}

}  // namespace

json strict_json(std::string_view text, const std::string& name, ErrorKind kind,
                 const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    throw Error(kind, name + ": expected at most " + std::to_string(limits.bytes) +
                          " bytes, found " + std::to_string(text.size()));
  }
  try {
    return json::parse(text.begin(), text.end(), Watch(name, kind, limits.depth));
  } catch (const json::parse_error& error) {
    throw Error(kind, name + ": not valid JSON at " + place(text, error.byte));
  } catch (const json::exception&) {
    throw Error(kind, name + ": a number is too large for a double");
  }
}

}  // namespace souvenir
