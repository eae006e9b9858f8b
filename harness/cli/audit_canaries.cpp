#include "harness/cli/audit_canaries.h"

#include <algorithm>
#include <set>

#include "harness/audit_plan.h"
#include "harness/canaries.h"
#include "harness/digest.h"

namespace souvenir::cli {

namespace {

Subject as_subject(const Canary& canary, std::int64_t most_often) {
  Subject subject;
  subject.id = canary.id;
  subject.person = canary.person;
  subject.kind = canary.kind;
  subject.member = canary.included ? Member::yes : Member::no;
  if (canary.included) subject.repetitions = canary.repetitions;
  subject.prefix = canary.prefix;
  subject.secret = canary.secret;
  subject.canary = CanaryRole{.space = canary.space,
                              .tier = canary.repetitions,
                              .planted = canary.included,
                              .coin = !canary.control,
                              .most_often = canary.included && canary.repetitions == most_often};
  return subject;
}

}  // namespace

void take_canaries(AuditSession& session, const std::string& path) {
  if (path.empty()) return;
  std::string bytes;
  const CanaryManifest manifest = read_canaries(path, &bytes);
  std::int64_t most_often = 0;
  std::set<std::string> persons;
  for (const Canary& canary : manifest.canaries) {
    if (canary.included) most_often = std::max(most_often, canary.repetitions);
    if (!canary.person.empty()) persons.insert(canary.person);
  }
  for (const Canary& canary : manifest.canaries) {
    session.questions.canaries.push_back(as_subject(canary, most_often));
  }
  session.questions.spaces = manifest.spaces;
  session.inclusion = manifest.inclusion;
  AuditInput input;
  input.role = "canaries";
  input.digest = hex(hmac_sha256(session.key, bytes));
  input.key_id = key_id(session.key);
  input.rows = static_cast<std::int64_t>(manifest.canaries.size());
  if (!persons.empty()) input.persons = static_cast<std::int64_t>(persons.size());
  session.inputs.push_back(input);
}

}  // namespace souvenir::cli
