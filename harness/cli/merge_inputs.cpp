#include "harness/cli/merge_inputs.h"

#include <algorithm>
#include <filesystem>

#include "harness/cli/clock.h"
#include "harness/cli/version.h"
#include "harness/difference.h"
#include "harness/error.h"
#include "harness/evidence/json.h"

namespace souvenir::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// The folders of journals below one that was named.
std::vector<std::string> journals_in(const std::string& folder) {
  std::vector<std::string> found;
  const fs::path shards = fs::path(folder) / "shards";
  if (fs::is_directory(shards)) {
    for (const auto& entry : fs::directory_iterator(shards)) {
      const fs::path journal = entry.path() / "private";
      if (fs::exists(journal / "journal.sqlite")) found.push_back(journal.string());
    }
  } else if (fs::is_directory(fs::path(folder) / "private")) {
    found.push_back((fs::path(folder) / "private").string());
  }
  if (found.empty()) {
    throw Error(ErrorKind::usage,
                folder +
                    ": expected the --out of an audit in shards, or the folder of one; found "
                    "no shard");
  }
  std::sort(found.begin(), found.end());
  return found;
}

void declare(Evidence& frame, const AuditContext& context) {
  frame.inputs.erase(std::remove_if(frame.inputs.begin(), frame.inputs.end(),
                                    [](const AuditInput& i) { return i.role == "context"; }),
                     frame.inputs.end());
  frame.inputs.push_back({"context", context.sha256, "", 1, {}});
  frame.context = context;
}

Evidence frame_of(const ShardRecord& shard, const std::optional<AuditContext>& context) {
  Evidence frame = evidence_from_json(shard.sheet.at("frame").dump());
  if (context) declare(frame, *context);
  return frame;
}

// What two shards must have alike besides what their journals say.
json comparable(const ShardRecord& shard, const std::optional<AuditContext>& context) {
  return {{"evidence", to_json(frame_of(shard, context))},
          {"inclusion", shard.sheet.at("inclusion")},
          {"hmac_key_id", shard.sheet.at("hmac_key_id")}};
}

json run_of(const std::vector<ShardRecord>& shards) {
  std::string started;
  std::vector<std::string> processors;
  for (const ShardRecord& shard : shards) {
    const std::string time = shard.sheet.at("started");
    if (started.empty() || time < started) started = time;
    processors.push_back(shard.sheet.at("host_cpu"));
  }
  std::sort(processors.begin(), processors.end());
  processors.erase(std::unique(processors.begin(), processors.end()), processors.end());
  std::string all;
  for (const std::string& processor : processors) all += (all.empty() ? "" : "; ") + processor;
  return {
      {"started", started}, {"finished", utc_now()}, {"host_cpu", all}, {"shards", shards.size()}};
}

void require_same_sheets(const std::vector<ShardRecord>& shards,
                         const std::optional<AuditContext>& context) {
  const json first = comparable(shards.front(), context);
  for (const ShardRecord& shard : shards) {
    const std::string difference = first_difference(first, comparable(shard, context));
    if (!difference.empty()) {
      throw Error(ErrorKind::usage, "shard " + shard_name(shard.note.shard) + " (" + shard.folder +
                                        ") was run otherwise than shard " +
                                        shard_name(shards.front().note.shard) + ": it differs in " +
                                        difference);
    }
  }
}

}  // namespace

MergeInputs read_shards(const std::vector<std::string>& folders,
                        const std::optional<AuditContext>& context) {
  MergeInputs inputs;
  for (const std::string& folder : folders) {
    for (const std::string& journal : journals_in(folder)) {
      inputs.shards.push_back(read_shard(journal));
    }
  }
  require_whole_set(inputs.shards);
  try {
    require_same_sheets(inputs.shards, context);
    const json& sheet = inputs.shards.front().sheet;
    inputs.frame = frame_of(inputs.shards.front(), context);
    if (!sheet.at("inclusion").is_null()) inputs.inclusion = sheet.at("inclusion").get<double>();
    inputs.hmac_key_id = sheet.at("hmac_key_id");
    inputs.run = run_of(inputs.shards);
  } catch (const json::exception&) {
    throw Error(ErrorKind::integrity, "a shard's note of how it was run is damaged");
  }
  const std::string measured = inputs.frame.tool.value("version", "");
  if (measured != version()) {
    throw Error(ErrorKind::usage, "the shards were run by souvenir " + measured +
                                      "; merge them by the same version, found " + version());
  }
  return inputs;
}

}  // namespace souvenir::cli
