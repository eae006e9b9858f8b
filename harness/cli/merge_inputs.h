#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/journal_merge.h"

namespace souvenir::cli {

// All shards of an audit, found whole, complete and of the same inputs.
//
//   frame        the evidence but for what is judged
//   inclusion    of the canaries' coin
//   hmac_key_id  names the key that subjects known by HMAC were given with; empty: none
//   run          the evidence's
struct MergeInputs {
  std::vector<ShardRecord> shards;
  Evidence frame;
  std::optional<double> inclusion;
  std::string hmac_key_id;
  nlohmann::json run;
};

// Finds and reads the shards in some folders: each that of one shard, or an --out with `shards`.
//
//   context  instead of what the shards were given
//
// Errors  usage: none there, one missing or incomplete, or of different audits; names the shard
//         integrity: damaged
MergeInputs read_shards(const std::vector<std::string>& folders,
                        const std::optional<AuditContext>& context);

}  // namespace souvenir::cli
