#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/journal.h"
#include "harness/probe.h"
#include "harness/shard.h"

namespace souvenir {

// What the journal of a shard knows of the whole.
//
//   plan   digest of what every shard of an audit plans alike
//   first, candidates, prompts  batches of all shards together
struct ShardNote {
  Shard shard;
  std::int64_t token_budget = 0;
  std::string plan;
  std::int64_t first = 0;
  std::int64_t candidates = 0;
  std::int64_t prompts = 0;
};

// Returns nothing for a journal that is no shard's.
std::optional<ShardNote> shard_note(const Journal& journal);

// Leaves to a planned journal only the batches of one shard: they are all it has then. Asking is as
// before. Does nothing where that was done.
//
//   prompts  what the plan's prompts need: says what a prompt costs
void take_share(Journal& journal, const Shard& shard, std::int64_t token_budget,
                const std::vector<PromptNeeds>& prompts);

// The same for the pass of the reference model, just planned; within the caller's transaction.
// Does nothing to a journal that is no shard's.
void keep_share_of_reference(Database& database);

// Keeps a value beside the journal's answers, under a name of its caller's.
void write_note(Database& database, const std::string& name, const nlohmann::json& value);

// Errors  integrity: damaged
nlohmann::json read_note(Database& database, const std::string& name);  // null: none

}  // namespace souvenir
