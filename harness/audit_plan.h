#pragma once

#include <string>
#include <vector>

#include "harness/boundary.h"
#include "harness/evidence/evidence.h"
#include "harness/journal.h"
#include "harness/suite.h"
#include "harness/tokenizer.h"

namespace souvenir {

// Reads subjects files into a journal's plan: tokenises, cuts into prefix and secret or into
// windows, and counts what is left out and why.
//
// Errors  input: a wrong row, an id that stands twice, a twin of nobody; nothing is then planned
void plan_subjects(Journal& journal, const std::vector<std::string>& files,
                   const Tokenizer& tokenizer, const BosDecision& bos, const Suite& suite,
                   const ScoreOptions& options, std::int64_t token_budget);

// Digests a subjects file with a keyed HMAC, and counts its rows and persons.
//
//   key     32 bytes, kept in private/
//   key_id  names the key without giving it away
AuditInput digest_subjects(const std::string& file, const std::string& key);

// Returns a name for a key: the first 16 hexadecimal digits of an HMAC of a fixed text under it.
std::string key_id(const std::string& key);

}  // namespace souvenir
