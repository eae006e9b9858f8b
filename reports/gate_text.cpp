#include "reports/gate_text.h"

#include <array>
#include <cstdio>

#include "reports/text.h"

namespace souvenir {
namespace {

std::string with_digits(double value, int digits) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*g", digits, value);
  return buffer.data();
}

std::string padded(std::string word) {
  constexpr std::size_t kWidth = 14;
  if (word.size() < kWidth) word.resize(kWidth, ' ');
  return word;
}

std::string word_of(const GateCheck& check) {
  if (check.waived()) return "WAIVED";
  switch (check.verdict) {
    case Verdict::pass:
      return "PASS";
    case Verdict::inconclusive:
      return "INCONCLUSIVE";
    case Verdict::fail:
      return "FAIL";
  }
  return "";
}

std::string stands_for(const std::string& owner, const std::string& reason) {
  std::string text = owner.empty() ? "" : " by " + visible(owner);
  if (!reason.empty()) text += ": " + visible(reason);
  return text;
}

std::string waiver_line(const Waiver& waiver, const WaiverState& state) {
  std::string text = padded(state.expired ? "FAIL" : "WAIVER") + visible(waiver.finding) +
                     ": waived" + stands_for(waiver.owner, waiver.reason) + "; ";
  if (state.expired) return text + "expired on " + waiver.expires;
  return text + "until " + waiver.expires + ", excuses " + std::to_string(state.used) +
         (state.used == 1 ? " check" : " checks");
}

}  // namespace

std::string number_text(double value) { return with_digits(value, 3); }

std::string number_text(double value, double other) {
  constexpr int kExact = 17;
  for (int digits = 3; digits < kExact; ++digits) {
    const std::string text = with_digits(value, digits);
    if (value == other || text != with_digits(other, digits)) return text;
  }
  return with_digits(value, kExact);
}

std::string gate_summary(const GateResult& result) {
  std::size_t failed = 0;
  std::size_t inconclusive = 0;
  std::size_t waived = 0;
  std::size_t expired = 0;
  for (const GateCheck& check : result.checks) {
    if (check.waived()) {
      ++waived;
    } else if (check.verdict == Verdict::fail) {
      ++failed;
    } else if (check.verdict == Verdict::inconclusive) {
      ++inconclusive;
    }
  }
  for (const WaiverState& waiver : result.waivers) expired += waiver.expired ? 1 : 0;
  const std::size_t passed = result.checks.size() - failed - inconclusive - waived;
  std::string text = "gate: " + std::string(verdict_name(result.verdict)) + ": ";
  if (result.checks.empty()) text += "the policy has no limit; ";
  text += std::to_string(passed) + " passed, " + std::to_string(failed) + " failed, " +
          std::to_string(inconclusive) + " inconclusive, " + std::to_string(waived) + " waived";
  if (expired > 0) text += "; expired waivers: " + std::to_string(expired);
  return text;
}

std::string explain_check(const GateCheck& check) {
  std::string text;
  for (const RuleResult& rule : check.rules) {
    // Where something else decided, what was in order is not worth a reader's time.
    if (check.verdict != Verdict::pass && rule.verdict == Verdict::pass) continue;
    text += (text.empty() ? "" : "; ") + rule.why.text;
  }
  return text;
}

std::string explain_gate(const GateResult& result, bool everything) {
  std::string text;
  for (const GateCheck& check : result.checks) {
    if (check.verdict == Verdict::pass && !everything) continue;
    const Limit& limit = result.policy.limits.at(check.limit);
    text += padded(word_of(check)) + visible(check.finding.empty() ? limit.finding : check.finding);
    if (check.arm == "system") text += " (system)";
    text += ": " + explain_check(check);
    if (everything && !limit.owner.empty()) text += " [limit set by " + visible(limit.owner) + "]";
    text += "\n";
  }
  for (std::size_t i = 0; i < result.waivers.size(); ++i) {
    text += waiver_line(result.policy.waivers.at(i), result.waivers[i]) + "\n";
  }
  return text;
}

}  // namespace souvenir
