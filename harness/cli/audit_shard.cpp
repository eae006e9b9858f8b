#include "harness/cli/audit_shard.h"

#include <cstdlib>
#include <iostream>

#include "harness/cli/audit_evidence.h"
#include "harness/cli/clock.h"
#include "harness/cli/output.h"
#include "harness/cli/version.h"
#include "harness/config.h"
#include "harness/difference.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/journal_merge.h"
#include "harness/journal_share.h"

namespace souvenir::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMaxAgreementBytes = 1U << 20U;

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

// A single task of an array that is run again by itself is an array of one.
void require_no_shards(const std::string& out, const std::string& word) {
  if (word == "none" || !fs::exists(fs::path(out) / "shards")) return;
  throw Error(ErrorKind::usage, out +
                                    ": holds shards of an audit, and this would be an ordinary "
                                    "run; say --shard i/N, or --shard none");
}

}  // namespace

std::optional<Shard> decide_shard(const std::string& word, const std::string& out) {
  if (!word.empty() && word != "none") return parse_shard(word);
  const auto launched = word.empty() ? launched_shard(variable) : std::nullopt;
  if (!launched) {
    require_no_shards(out, word);
    return std::nullopt;
  }
  // In one write: others say theirs on the same terminal at the same time.
  std::cerr << ("souvenir: shard " + shard_name(launched->shard) + ", by " + launched->by + "\n");
  return launched->shard;
}

fs::path journal_folder(const fs::path& out, const std::optional<Shard>& shard) {
  if (!shard) return out / "private";
  return out / "shards" / (std::to_string(shard->index) + "-of-" + std::to_string(shard->count)) /
         "private";
}

void settle_shared_key(const fs::path& out) {
  make_private_folder(out / "private");
  make_private_folder(out / "shards");
  write_once(out / "private" / "key", random_bytes(kKeyBytes));
}

void agree_with_other_shards(const AuditSession& session, const json& identity, const Shard& shard,
                             std::int64_t token_budget) {
  const json mine = {{"shards", shard.count},          {"token_budget", token_budget},
                     {"identity", identity},           {"threads", session.model_info.threads},
                     {"libtorch", libtorch_version()}, {"compiler", compiler_version()}};
  make_private_folder(session.out / "shards");
  const fs::path path = session.out / "shards" / "agreement.json";
  const json first = parse_json(write_once(path, canonical_json(mine)), path.string());
  const std::string difference = first_difference(first, mine);
  if (!difference.empty()) {
    throw Error(ErrorKind::usage,
                session.out.string() + ": holds shards of another audit; this one differs in " +
                    difference + ". Give another --out, or what they were begun with");
  }
}

void take_share_of(AuditSession& session, const Shard& shard, std::int64_t token_budget) {
  take_share(*session.journal, shard, token_budget, session.questions.needs.prompts);
}

void begin_shard(const AuditSession& session) { write_sheet(*session.journal, nullptr); }

void finish_shard(const AuditSession& session, const Shard& shard, const std::string& started) {
  const Evidence frame = evidence_frame(session);
  json sheet = {{"frame", to_json(frame)},
                {"inclusion", nullptr},
                {"hmac_key_id", ""},
                {"started", started},
                {"finished", utc_now()},
                {"host_cpu", host_cpu()},
                {"prompts_open", prompts_stay_open(session)}};
  if (session.inclusion) sheet["inclusion"] = *session.inclusion;
  if (!session.hmac_key_id.empty()) sheet["hmac_key_id"] = session.hmac_key_id;
  write_sheet(*session.journal, sheet);
  RowWriter out("-");
  out.line("shard " + shard_name(shard) + ": complete, " +
           std::to_string(session.journal->batches(Pass::first)) + " of " +
           std::to_string(shard_note(*session.journal)->first) + " batches of strings were its");
  out.line("when all " + std::to_string(shard.count) + " are: souvenir merge " +
           session.out.string());
  out.finish();
}

}  // namespace souvenir::cli
