// souvenir merge: the shards of an audit become one, judged without a model.

#include <filesystem>
#include <memory>

#include "harness/audit_plan.h"
#include "harness/cli/audit_judge.h"
#include "harness/cli/audit_publish.h"
#include "harness/cli/gate_options.h"
#include "harness/cli/merge_inputs.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/config.h"
#include "harness/context.h"
#include "harness/error.h"
#include "harness/folder_lock.h"
#include "probes/registry.h"

namespace souvenir::cli {

namespace {

namespace fs = std::filesystem;

struct MergeArguments {
  std::vector<std::string> folders;
  std::string out;
  std::string policy;
  std::string context;
  std::string hmac_key_file;
  std::string language = "en";
};

Sensitive take_hmac_key(const MergeArguments& options, const std::string& id) {
  if (id.empty()) return {};
  if (options.hmac_key_file.empty()) {
    throw Error(ErrorKind::usage, "merge: expected --hmac-key, as the shards were given");
  }
  const std::string key = read_file(options.hmac_key_file, 1U << 16U);
  if (key_id(key) != id) {
    throw Error(ErrorKind::usage, options.hmac_key_file + ": expected the key " + id +
                                      ", as the shards were given, found " + key_id(key));
  }
  return Sensitive(key);
}

std::optional<std::int64_t> queries_max_of(const nlohmann::json& parameters) {
  const auto found = parameters.find("queries_max");
  if (found == parameters.end()) return std::nullopt;
  return found->get<std::int64_t>();
}

std::vector<PlannedProbe> probes_of(const MergeInputs& inputs, const Sensitive& hmac_key) {
  std::vector<PlannedProbe> planned;
  for (const auto& [name, parameters] : inputs.frame.parameters.at("probes").items()) {
    const Probe& probe = find_probe(name);
    PlannedProbe row{&probe,
                     {.parameters = probe.resolve(parameters, "the shards' suite"),
                      .near_tie_delta = inputs.frame.near_tie_delta,
                      .seed = inputs.frame.seed,
                      .reference = inputs.frame.reference.has_value(),
                      .inclusion = inputs.inclusion,
                      .hmac_key = hmac_key,
                      .queries_max = queries_max_of(inputs.frame.parameters)}};
    row.needs = probe.needs(row.context);
    planned.push_back(std::move(row));
  }
  return planned;
}

void require_merged(const fs::path& folder, const std::string& out) {
  if (!fs::exists(folder / "journal.sqlite")) return;
  const Journal journal(folder.string());
  if (read_note(journal.database(), "merged").is_null()) {
    throw Error(ErrorKind::usage, out + ": holds an ordinary audit; give another --out");
  }
}

// Builds the journal beside its place and puts it there when it is whole.
void merge_into(const std::vector<ShardRecord>& shards, const fs::path& folder) {
  const fs::path building = folder / "merging";
  merge_shards(shards, building.string());
  const FolderLock lock(folder.string());
  for (const char* log : {"journal.sqlite-wal", "journal.sqlite-shm"}) fs::remove(folder / log);
  fs::rename(building / "journal.sqlite", folder / "journal.sqlite");
}

int run_merge(const MergeArguments& options) {
  if (options.out.empty() && options.folders.size() != 1) {
    throw Error(ErrorKind::usage, "merge: expected --out beside more than one folder");
  }
  const auto policy = read_policy(options.policy);
  std::optional<AuditContext> context;
  if (!options.context.empty()) context = load_context(options.context);
  const fs::path out = options.out.empty() ? options.folders.front() : options.out;
  MergeInputs inputs = read_shards(options.folders, context);
  const auto probes = probes_of(inputs, take_hmac_key(options, inputs.hmac_key_id));

  const fs::path folder = out / "private";
  make_private_folder(folder);
  make_private_folder(folder / "merging");
  const FolderLock lock((folder / "merging").string());
  require_merged(folder, out.string());
  merge_into(inputs.shards, folder);

  const Journal journal(folder.string());
  Evidence evidence = std::move(inputs.frame);
  evidence.run = std::move(inputs.run);
  judge_into(evidence, probes, journal);
  const int code = apply_gate(evidence, policy);
  publish_audit(journal, out, evidence, options.language);
  print_summary(evidence, out);
  return code;
}

}  // namespace

void add_merge(CLI::App& program, Action& action) {
  auto options = std::make_shared<MergeArguments>();
  CLI::App* verb = program.add_subcommand("merge", "Judge the shards of an audit as one");
  verb->footer(
      "FOLDER is the --out that the shards shared; where they shared none, those of all of them,\n"
      "with --out. Needs no model, and leaves what `souvenir audit` in one piece would have left:\n"
      "the same evidence.json outside `run`. Ends 2, naming the shard, if one is missing, not\n"
      "complete or of another audit, 5 if one is damaged; with a policy, as the gate does.");
  verb->add_option("FOLDER", options->folders, "--out of the shards, or folders of single shards")
      ->required();
  verb->add_option("--out", options->out, "folder for the evidence; default: FOLDER, if it is one");
  verb->add_option("--policy", options->policy, "limits to be judged against");
  verb->add_option("--context", options->context,
                   "what the controller declares, instead of what the shards were given");
  verb->add_option("--hmac-key", options->hmac_key_file,
                   "key that `secret_hmac` of detect-only subjects was made with");
  verb->add_option("--language", options->language, "en or fr: what report.html shows first")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
  verb->callback([options, &action] { action = [options] { return run_merge(*options); }; });
}

}  // namespace souvenir::cli
