#include "harness/cli/gate_options.h"

#include "harness/cli/clock.h"
#include "harness/cli/exit_code.h"
#include "harness/config.h"
#include "harness/error.h"
#include "reports/gate.h"

namespace souvenir::cli {

namespace {

constexpr std::uint64_t kMaxPolicyBytes = std::uint64_t{1} << 20U;

}  // namespace

std::optional<Policy> read_policy(const std::string& path) {
  if (path.empty()) {
    return std::nullopt;
  }
  try {
    return parse_policy(read_file(path, kMaxPolicyBytes));
  } catch (const Error& error) {
    const std::string message = error.what();
    throw Error(error.kind(), message.rfind(path, 0) == 0 ? message : path + ": " + message);
  }
}

int apply_gate(Evidence& evidence, const std::optional<Policy>& policy) {
  if (!policy) {
    return kExitComplete;
  }
  const GateResult result = judge_gate(evidence, *policy, nullptr, utc_today());
  evidence.gate = gate_json(result);
  return gate_exit_code(result.verdict, false);
}

}  // namespace souvenir::cli
