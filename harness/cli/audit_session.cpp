#include "harness/cli/audit_session.h"

#include <sys/stat.h>

#include <algorithm>

#include "harness/audit_plan.h"
#include "harness/backend/tokenizer/load.h"
#include "harness/cli/audit_canaries.h"
#include "harness/cli/audit_chat.h"
#include "harness/cli/audit_shard.h"
#include "harness/cli/model_options.h"
#include "harness/cli/output.h"
#include "harness/cli/version.h"
#include "harness/config.h"
#include "harness/context.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "probes/registry.h"

namespace souvenir::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Suite read_suite(const AuditOptions& options) {
  Suite suite = load_suite(options.suite);
  suite.seed = options.seed.value_or(suite.seed);
  suite.resolved["seed"] = suite.seed;
  if (!options.bos.empty()) {
    suite.bos = parse_bos_rule(options.bos);
    suite.resolved["bos"] = options.bos;
  }
  suite.queries_max = options.queries_max;
  if (suite.queries_max) suite.resolved["queries_max"] = *suite.queries_max;
  return suite;
}

void plan_probes(AuditSession& session, const std::string& document) {
  for (const auto& [name, parameters] : session.suite.probes.items()) {
    const Probe& probe = find_probe(name);
    PlannedProbe planned{&probe,
                         {.parameters = probe.resolve(parameters, document),
                          .near_tie_delta = session.suite.near_tie_delta,
                          .seed = session.suite.seed,
                          .reference = session.reference.has_value(),
                          .inclusion = session.inclusion,
                          .hmac_key = session.hmac_key,
                          .queries_max = session.suite.queries_max}};
    planned.needs = probe.needs(planned.context);
    if (planned.context.queries_max && planned.needs.whole) {
      session.need_whole.push_back(name);
      continue;
    }
    session.suite.resolved["probes"][name] = planned.context.parameters;
    merge_needs(session.questions.needs, planned.needs);
    session.probes.push_back(std::move(planned));
  }
}

// Lets strings be left where probes say how unlikely they may become.
void allow_early_stop(AuditSession& session) {
  const ProbeNeeds& needs = session.questions.needs;
  if (!session.suite.queries_max) return;
  if (!needs.least_log_p) {
    throw Error(ErrorKind::usage,
                "--queries-max: expected a suite with discoverable_extraction, whose strings it "
                "leaves early; suite " +
                    session.suite.name + " does not ask for it");
  }
  const bool exact = session.model_info.compute_dtype == "float32";
  session.questions.needs.score.early_stop = EarlyStop{
      *needs.least_log_p - (exact ? 0.0 : session.suite.screen_margin), first_pass_delta(session)};
}

// The key that digests of subjects are made with: given, found in the folder, or new.
std::string take_key(const AuditOptions& options) {
  const bool given = !options.id_key_file.empty();
  if (!given && options.shard) settle_shared_key(options.out);
  const fs::path path =
      given ? fs::path(options.id_key_file) : fs::path(options.out) / "private" / "key";
  if (!given && !fs::exists(path)) {
    return random_bytes(kKeyBytes);
  }
  std::string key = read_file(path.string(), 1U << 16U);
  if (key.size() < kKeyBytes) {
    throw Error(given ? ErrorKind::input : ErrorKind::integrity,
                path.string() + ": expected a key of at least 32 bytes, found " +
                    std::to_string(key.size()));
  }
  return key;
}

// Makes the audit's private folder, once the inputs are known to be right.
void take_folder(const AuditOptions& options, const fs::path& folder, const std::string& key) {
  make_private_folder(folder);
  if (options.id_key_file.empty() && !fs::exists(folder / "key")) {
    publish({{folder / "key", key}});
    ::chmod((folder / "key").c_str(), 0600);
  }
}

}  // namespace

AuditedModel describe(const ModelInfo& info, const std::vector<FileDigest>& files) {
  return {.architecture = info.architecture,
          .parameters = info.parameters,
          .stored_dtype = info.stored_dtype,
          .compute_dtype = info.compute_dtype,
          .device = info.device,
          .threads = info.threads,
          .files = files,
          .sha256 = digest_of_files(files),
          .quantisation = info.quantisation};
}

double first_pass_delta(const AuditSession& session) {
  return session.model_info.compute_dtype == "float32" ? session.suite.near_tie_delta
                                                       : session.suite.screen_delta;
}

// The adapter is the audited model's.
LoadOptions reference_load(const AuditOptions& options) {
  LoadOptions load = options.model.load;
  load.adapter.clear();
  return load;
}

namespace {

std::vector<FileDigest> all_files(const ModelInfo& model, const TokenizerInfo& tokenizer) {
  std::vector<FileDigest> files = model.files;
  files.insert(files.end(), tokenizer.files.begin(), tokenizer.files.end());
  std::sort(files.begin(), files.end(),
            [](const FileDigest& a, const FileDigest& b) { return a.name < b.name; });
  files.erase(
      std::unique(files.begin(), files.end(),
                  [](const FileDigest& a, const FileDigest& b) { return a.name == b.name; }),
      files.end());
  return files;
}

json identity(const AuditSession& session) {
  json subjects = json::array();
  for (const AuditInput& input : session.inputs) {
    subjects.push_back({{"digest", input.digest}, {"key_id", input.key_id}});
  }
  json identity = {{"tool", version()},
                   {"model", digest_of_files(session.files)},
                   {"dtype", session.model_info.compute_dtype},
                   {"device", session.model_info.device},
                   {"suite", session.suite.sha256},
                   {"seed", session.suite.seed},
                   {"bos", std::string(bos_rule_name(session.suite.bos))},
                   {"subjects", std::move(subjects)}};
  if (session.suite.queries_max) identity["queries_max"] = *session.suite.queries_max;
  if (session.reference) {
    identity["reference"] = {{"model", session.reference->sha256},
                             {"dtype", session.reference->compute_dtype}};
  }
  return identity;
}

// The reference model is read and let go: it is asked last, when the audited one is not in memory
// any more, but what is wrong with it should be known at once.
AuditedModel look_at_reference(const AuditOptions& options) {
  const auto model = load_model(options.reference, reference_load(options));
  const auto tokenizer = load_tokenizer(options.reference);
  return describe(model->info(), all_files(model->info(), tokenizer->info()));
}

// A reference model is asked the audited model's token ids; under another vocabulary they would be
// another text. Scripts, digits, white space and symbols tell tokenizers apart.
void require_same_tokens(const AuditOptions& options, const Tokenizer& tokenizer) {
  if (options.reference.empty()) return;
  const std::string text =
      "The quick brown fox, 0123456789 & 3.14 \xE2\x80\x94 \xC3\xA9t\xC3\xA9 na\xC3\xAFve; "
      "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\n\n\t{[(e-mail@example.org)]}  McGregor's UPPER";
  const auto other = load_tokenizer(options.reference);
  if (other->encode(text, false).ids != tokenizer.encode(text, false).ids) {
    throw Error(ErrorKind::input, options.reference +
                                      ": expected a reference model that reads the same tokens as "
                                      "the audited one; its tokenizer splits a text otherwise");
  }
}

void take_reference(AuditSession& session, const AuditOptions& options) {
  if (options.reference.empty()) return;
  if (options.queries_max) {
    throw Error(
        ErrorKind::usage,
        "--reference: only membership compares with it, which needs whole strings; expected "
        "no --queries-max beside it");
  }
  session.reference = look_at_reference(options);
  AuditInput input;
  input.role = "reference";
  input.digest = session.reference->sha256;
  session.inputs.push_back(input);
}

std::unique_ptr<Journal> take_journal(const AuditOptions& options, const fs::path& folder) {
  return options.plan_only ? std::make_unique<Journal>()
                           : std::make_unique<Journal>(folder.string());
}

}  // namespace

AuditSession open_audit(const AuditOptions& options) {
  AuditSession session;
  session.suite = read_suite(options);
  session.out = options.out;
  const fs::path folder = journal_folder(session.out, options.shard);
  session.key = take_key(options);
  for (const std::string& file : options.subjects) {
    session.inputs.push_back(digest_subjects(file, session.key, !options.hmac_key_file.empty()));
  }
  if (!options.hmac_key_file.empty()) {
    const std::string key = read_file(options.hmac_key_file, 1U << 16U);
    session.hmac_key = Sensitive(key);
    session.hmac_key_id = key_id(key);
  }
  if (!options.context.empty()) session.declared = load_context(options.context);
  take_canaries(session, options.canaries);
  take_reference(session, options);
  plan_probes(session, "suite " + session.suite.name);
  session.questions.files = options.subjects;
  if (!options.plan_only && !options.shard) take_folder(options, folder, session.key);
  session.tokenizer = load_tokenizer(options.model.model);
  require_same_tokens(options, *session.tokenizer);
  session.bos = decide_bos(*session.tokenizer, session.suite.bos);
  session.questions.chat = read_chat(options.model.model, *session.tokenizer);
  session.model = load_model(options.model.model, options.model.load);
  session.model_info = session.model->info();
  // Strings with an added token that the model has no row for are left out, as it refuses them.
  if (session.tokenizer->info().base_vocabulary > session.model_info.vocabulary) {
    throw Error(ErrorKind::input,
                options.model.model + ": the tokenizer does not fit the model: it has " +
                    std::to_string(session.tokenizer->info().base_vocabulary) +
                    " tokens, the model " + std::to_string(session.model_info.vocabulary));
  }
  for (const TokenId id : session.bos.ids) {
    if (id >= session.model_info.vocabulary) {
      throw Error(ErrorKind::input,
                  options.model.model + ": " + std::to_string(id) +
                      ", which the tokenizer puts in front, is no token of the model");
    }
  }
  allow_early_stop(session);
  if (session.model_info.compute_dtype != "float32")
    session.questions.recheck = session.suite.recheck_strings;
  session.files = all_files(session.model_info, session.tokenizer->info());
  const json about = identity(session);
  if (options.shard) {
    agree_with_other_shards(session, about, *options.shard, options.model.token_budget);
    make_private_folder(folder);
  }
  session.journal = take_journal(options, folder);
  session.journal->identify(about);
  return session;
}

}  // namespace souvenir::cli
