#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "harness/cli/audit_session.h"
#include "harness/shard.h"

namespace souvenir::cli {

// Finds out which share of the audit this process has: by --shard, else by what its launcher set in
// the environment. Says on standard error what it found.
//
//   word  of --shard: i/N, none, or empty
//   out   where an ordinary run is refused beside the shards of others
//
// Returns  nothing for an ordinary run
// Errors   usage
std::optional<Shard> decide_shard(const std::string& word, const std::string& out);

// Returns the folder of a shard's journal: out/shards/i-of-N/private; without a shard out/private.
std::filesystem::path journal_folder(const std::filesystem::path& out,
                                     const std::optional<Shard>& shard);

// Makes the folders that shards share, and in out/private the key that all of them use, unless one
// of them has.
//
// Errors  resource
void settle_shared_key(const std::filesystem::path& out);

// Compares this shard with the one that came first, so that what a merge would refuse is known
// before anything is asked. Shards that share no folder are compared when they are merged.
//
//   identity  what the shard's journal will be about
//
// Errors  usage: names the first field that differs
void agree_with_other_shards(const AuditSession& session, const nlohmann::json& identity,
                             const Shard& shard, std::int64_t token_budget);

// Leaves to the session's journal the batches of one shard.
void take_share_of(AuditSession& session, const Shard& shard, std::int64_t token_budget);

// Takes back what an earlier run of this shard wrote at its end: until the next end it is not
// complete.
void begin_shard(const AuditSession& session);

// Completes a shard's journal with what a merge needs besides the answers, and says what comes
// next.
void finish_shard(const AuditSession& session, const Shard& shard, const std::string& started);

}  // namespace souvenir::cli
