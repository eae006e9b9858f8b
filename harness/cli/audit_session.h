#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/audit_plan.h"
#include "harness/boundary.h"
#include "harness/cli/audit_judge.h"
#include "harness/cli/model_options.h"
#include "harness/evidence/evidence.h"
#include "harness/journal.h"
#include "harness/probe.h"
#include "harness/shard.h"
#include "harness/suite.h"
#include "harness/tokenizer.h"

namespace souvenir::cli {

// Of the key under which identities are hashed.
inline constexpr std::size_t kKeyBytes = 32;

struct AuditOptions {
  ModelOptions model;
  std::string suite = "release";
  std::string out;
  std::vector<std::string> subjects;
  std::string policy;
  std::string canaries;
  std::string context;
  std::string reference;
  std::string hmac_key_file;
  std::string id_key_file;
  std::string bos;  // empty: as the suite says
  std::optional<std::int64_t> queries_max;
  std::string language = "en";
  std::optional<std::uint64_t> seed;
  bool plan_only = false;
  std::string shard_word;      // of --shard
  std::optional<Shard> shard;  // nothing: an ordinary run
};

// Everything an audit works with once its inputs have been read and found right, and its folder
// belongs to it. Owns the journal and its lock.
struct AuditSession {
  Suite suite;
  std::vector<PlannedProbe> probes;
  std::vector<std::string> need_whole;  // probes that strings which may be left say nothing to
  AuditQuestions questions;
  std::filesystem::path out;
  std::string key;
  std::unique_ptr<Tokenizer> tokenizer;
  BosDecision bos;
  std::unique_ptr<LanguageModel> model;
  ModelInfo model_info;
  std::vector<FileDigest> files;  // model and tokenizer, sorted by name
  std::optional<AuditedModel> reference;
  std::optional<double> inclusion;  // of the canaries' coin
  std::optional<AuditContext> declared;
  Sensitive hmac_key;
  std::string hmac_key_id;  // empty: none was given
  std::vector<AuditInput> inputs;
  std::unique_ptr<Journal> journal;
};

// Reads every input, loads the model and opens or resumes the journal in `out`/private, or that of
// a shard below `out`/shards.
// With `plan_only` the journal is in memory and the folder is left alone.
//
// Errors  as each input; usage: the folder holds another audit
AuditSession open_audit(const AuditOptions& options);

// Returns the gap to the runner-up below which an answer of the first pass is looked at again.
double first_pass_delta(const AuditSession& session);

// How the reference model is loaded: as the audited one, without its adapter.
LoadOptions reference_load(const AuditOptions& options);

// Says what was loaded, for the evidence.
AuditedModel describe(const ModelInfo& info, const std::vector<FileDigest>& files);

}  // namespace souvenir::cli
