#include "metrics/reason.h"

#include <algorithm>

namespace souvenir {
namespace {

constexpr std::string_view kHole = "{}";
// Whole numbers that a double holds exactly.
constexpr std::size_t kMostDigits = 15;
// A reason within a reason within a reason.
constexpr int kDeepest = 3;

std::optional<ReadReason> read(std::string_view text, int depth);

bool is_part(std::string_view text, int depth) {
  const bool digits =
      !text.empty() && text.size() <= kMostDigits &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits || read(text, depth + 1).has_value();
}

// What stands in `text` where `form` has holes; nothing where they do not fit.
std::optional<std::vector<std::string>> parts_of(std::string_view form, std::string_view text,
                                                 int depth) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t hole = form.find(kHole);
    if (hole == std::string_view::npos) return text == form ? std::optional(parts) : std::nullopt;
    if (text.substr(0, hole) != form.substr(0, hole)) return std::nullopt;
    text.remove_prefix(hole);
    form.remove_prefix(hole + kHole.size());
    const std::string_view next = form.substr(0, form.find(kHole));
    const std::size_t end = next.empty() ? text.size() : text.find(next);
    if (end == std::string_view::npos || !is_part(text.substr(0, end), depth)) return std::nullopt;
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::optional<ReadReason> read(std::string_view text, int depth) {
  if (depth > kDeepest) return std::nullopt;
  for (const Reason& reason : kReasons) {
    if (auto parts = parts_of(reason.text, text, depth)) {
      return ReadReason{reason.code, std::move(*parts)};
    }
  }
  return std::nullopt;
}

}  // namespace

std::string because(ReasonCode code, const std::vector<std::string>& parts) {
  std::string_view form = code.text();
  std::string text;
  for (const std::string& part : parts) {
    const std::size_t hole = form.find(kHole);
    if (hole == std::string_view::npos) {
      throw std::invalid_argument("because: more parts than the reason has holes");
    }
    text.append(form.substr(0, hole)).append(part);
    form.remove_prefix(hole + kHole.size());
  }
  if (form.find(kHole) != std::string_view::npos) {
    throw std::invalid_argument("because: fewer parts than the reason has holes");
  }
  return text.append(form);
}

std::optional<ReadReason> read_reason(std::string_view text) { return read(text, 0); }

}  // namespace souvenir
