#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/journal_share.h"

namespace souvenir {

// A shard's journal, looked at and found whole and complete.
//
//   folder    with journal.sqlite
//   identity  what it is about
//   sheet     what its run wrote at the end, of the model and the inputs (write_sheet)
struct ShardRecord {
  std::string folder;
  ShardNote note;
  nlohmann::json identity;
  nlohmann::json sheet;
};

// Writes at the end of a shard's run what the evidence needs besides the answers; null: not yet at
// its end. A true `prompts_open` says that the model wrote nothing, and that no prompt is answered.
void write_sheet(Journal& journal, const nlohmann::json& sheet);

// Reads a shard's journal and compares every answer with its check sum.
//
// Errors  usage: no shard's; another run works on it; some batches are open
//         integrity: damaged; all name the folder
ShardRecord read_shard(const std::string& folder);

// Checks that the shards are all there are of one audit, and puts them in order.
//
// Errors  usage: one is missing, stands twice, belongs to another number of shards or to another
//         audit (names the first field that differs)
//         integrity: the same inputs, but another plan
void require_whole_set(std::vector<ShardRecord>& shards);

// Writes `folder`/journal.sqlite with the answers of all shards: the journal of the same audit run
// in one piece. Whatever an interrupted merge left there is overwritten.
//
// Errors  integrity: two shards answered the same batch, or together they lack one
void merge_shards(const std::vector<ShardRecord>& shards, const std::string& folder);

}  // namespace souvenir
