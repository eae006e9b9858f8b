#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/adapter_info.h"
#include "harness/evidence/finding.h"
#include "harness/types.h"

namespace souvenir {

inline constexpr const char* kEvidenceSchema = "souvenir/evidence/1";

// The model that was audited: what it is, how it was run, and the files it was read from.
//
//   stored_dtype  of quantised weights, how most are stored: Q4_1
//   quantisation  how quantised weights are stored, e.g. "Q4_1, Q8_0"; empty: they are not
struct AuditedModel {
  std::string architecture;
  std::int64_t parameters = 0;
  std::string stored_dtype;
  std::string compute_dtype;
  std::string device;
  int threads = 1;
  std::vector<FileDigest> files;
  std::string sha256;  // of the lines "sha256  name\n" of all files, sorted by name
  std::string quantisation = {};
};

struct AuditedTokenizer {
  std::string kind;
  std::int64_t vocabulary = 0;
  std::string bos;  // the decision, in words: "always: <s> (1), by the post-processor"
  std::vector<TokenId> prepended_ids;
  std::string unicode_version;
};

// An input, digested. Files that hold subjects are digested with a keyed HMAC (`key_id` set).
struct AuditInput {
  std::string role;  // suite | subjects | context | policy | ...
  std::string digest;
  std::string key_id;
  std::int64_t rows = 0;
  std::optional<std::int64_t> persons;
};

struct NotRun {
  std::string what;
  Remark why;
};

struct LeftOut {
  std::string reason;
  std::int64_t count = 0;
};

struct CriterionOutcome {
  std::string id;
  Outcome outcome = Outcome::not_tested;
  std::vector<std::string> findings;
};

// A measure the controller says was taken against memorisation.
//
//   stage    data | training | post_training | output
//   finding  id of a finding that shows its effect; empty: not measured
struct Mitigation {
  std::string stage;
  std::string description;
  std::string finding;
};

// What the controller declares of the system and its use (the context file). Nothing of it is
// checked, nothing shapes a number; texts are the controller's own and hostile to a report.
//
//   release_context  open_weights | api | internal | other
//   valid_until      YYYY-MM-DD; empty where none was set
//   sha256           of the context file
struct AuditContext {
  std::string system;
  std::string version;
  std::string controller;
  std::string commissioner;
  std::string operator_name;
  std::string dpo;
  std::string release_context;
  std::string release_note;
  std::string intended_use;
  std::string purpose;
  std::string training_data;
  std::string legal_basis;
  std::vector<Mitigation> mitigations;
  std::vector<std::string> filters;
  std::string valid_until;
  std::string remark;
  std::string sha256;
};

// One line of a demonstration whose truth is known: what should come out, and what did.
//
//   claim     a stable code, e.g. "exposure_grows": a report says "demo.claim.CODE" for it
//   text      the English sentence, for a code that a report does not know
//   expected  a few words or numbers
//   found     the same, as measured
//   holds     no value: could not be told
//   *_fr      the same in French; empty: a report shows the English
struct DemoRow {
  std::string claim;
  std::string text;
  std::string expected;
  std::string found;
  std::optional<bool> holds;
  std::string expected_fr = {};
  std::string found_fr = {};
};

struct Demo {
  std::vector<DemoRow> rows;
};

// The whole audit as a value. Serialises to canonical JSON and back without loss.
struct Evidence {
  nlohmann::json tool;  // name, version, libtorch, compiler
  nlohmann::json run;   // the only part that may differ between identical runs
  AuditedModel model;
  std::optional<AuditedModel> reference;
  std::optional<AdapterInfo> adapter;
  AuditedTokenizer tokenizer;
  std::string suite_name;
  std::string suite_sha256;
  std::uint64_t seed = 0;
  nlohmann::json threat_model;
  double near_tie_delta = 0.0;
  nlohmann::json parameters;  // the resolved suite: every parameter that shaped a number
  std::vector<AuditInput> inputs;
  std::vector<Remark> deviations;
  std::vector<Finding> findings;
  std::vector<CriterionOutcome> criteria;
  std::string criteria_version;
  std::vector<NotRun> not_run;
  std::int64_t requests = 0;
  std::int64_t scored_tokens = 0;
  std::vector<LeftOut> left_out;
  nlohmann::json gate;  // null without a policy
  std::optional<AuditContext> context;
  std::optional<Demo> demo;
};

}  // namespace souvenir
