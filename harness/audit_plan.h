#pragma once

#include <string>
#include <vector>

#include "harness/boundary.h"
#include "harness/canary_space.h"
#include "harness/evidence/evidence.h"
#include "harness/journal.h"
#include "harness/journal_prompts.h"
#include "harness/suite.h"
#include "harness/tokenizer.h"

namespace souvenir {

// What an audit asks about.
//
//   files     subjects
//   canaries  as subjects, with their roles; their spaces beside them
//   chat      the model's own chat template, where it has one
//   recheck   strings to draw for the confirming pass, where there is one
struct AuditQuestions {
  std::vector<std::string> files;
  std::vector<Subject> canaries = {};
  std::vector<CanarySpace> spaces = {};
  ProbeNeeds needs = {};
  ChatTemplate chat = {};
  std::int64_t recheck = 0;
};

// Reads subjects files and canaries into a journal's plan: tokenises, cuts into prefix and secret
// or into windows, plans candidates and prompts, and counts what is left out and why.
//
// Errors  input: a wrong row, an id that stands twice, a twin of nobody; nothing is then planned
void plan_audit(Journal& journal, const AuditQuestions& questions, const Tokenizer& tokenizer,
                const BosDecision& bos, const Suite& suite, std::int64_t token_budget);

// Adds what a probe needs to what others do.
void merge_needs(ProbeNeeds& all, const ProbeNeeds& more);

// Digests a subjects file with a keyed HMAC, and counts its rows and persons.
//
//   key     32 bytes, kept in private/
//   key_id          names the key without giving it away
//   hmac_key_given  the key that rows with `secret_hmac` need
// Errors  usage: there is such a row and no such key, so that it would be counted as never found
AuditInput digest_subjects(const std::string& file, const std::string& key, bool hmac_key_given);

// Returns a name for a key: the first 16 hexadecimal digits of an HMAC of a fixed text under it.
std::string key_id(const std::string& key);

}  // namespace souvenir
