#include "harness/audit_plan.h"

#include <set>

#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir {

namespace {

class SubjectPlanner {
 public:
  SubjectPlanner(const Journal::PlanWriter& writer, const Tokenizer& tokenizer,
                 const BosDecision& bos, const Suite& suite)
      : writer_(writer), tokenizer_(tokenizer), bos_(bos), suite_(suite) {}

  void add(const Subject& subject) {
    if (subject.is_text) {
      add_windows(subject);
    } else {
      add_pair(subject);
    }
  }

 private:
  void add_pair(const Subject& subject) {
    auto cut = cut_string(tokenizer_, bos_, subject.prefix.reveal(), subject.secret.reveal());
    if (!cut) {
      writer_.leave_out("no_context");
      return;
    }
    writer_.add({&subject, 0, subject.prefix, subject.secret, std::move(*cut)});
  }

  void add_windows(const Subject& subject) {
    auto windows = cut_windows(tokenizer_, bos_, suite_.windows, subject.secret.reveal());
    if (windows.empty()) {
      writer_.leave_out("text_shorter_than_a_window");
      return;
    }
    for (std::size_t i = 0; i < windows.size(); ++i) {
      writer_.add({&subject, static_cast<std::int64_t>(i), std::move(windows[i].prefix),
                   std::move(windows[i].secret), std::move(windows[i].cut)});
    }
  }

  const Journal::PlanWriter& writer_;
  const Tokenizer& tokenizer_;
  const BosDecision& bos_;
  const Suite& suite_;
};

}  // namespace

void plan_subjects(Journal& journal, const std::vector<std::string>& files,
                   const Tokenizer& tokenizer, const BosDecision& bos, const Suite& suite,
                   const ScoreOptions& options, std::int64_t token_budget) {
  journal.plan(options, token_budget, [&](const Journal::PlanWriter& writer) {
    SubjectPlanner planner(writer, tokenizer, bos, suite);
    for (const std::string& file : files) {
      std::int64_t row = 0;
      read_subjects(
          file,
          [&](Subject&& subject) {
            ++row;
            if (!writer.is_new(subject.id)) {
              throw Error(ErrorKind::input, "subjects " + file + ", row " + std::to_string(row) +
                                                ": /id: stands twice; ids are unique");
            }
            planner.add(subject);
          },
          [](std::string_view) {});
    }
  });
}

std::string key_id(const std::string& key) {
  return hex(hmac_sha256(key, "souvenir key id")).substr(0, 16);
}

AuditInput digest_subjects(const std::string& file, const std::string& key) {
  AuditInput input;
  input.role = "subjects";
  input.key_id = key_id(key);
  HmacSha256 digest(key);
  // 8 bytes of a keyed hash per person: a set of names would hold subject data for longer.
  std::set<std::string> persons;
  read_subjects(
      file,
      [&](Subject&& subject) {
        ++input.rows;
        if (!subject.person.empty()) {
          persons.insert(hmac_sha256(key, subject.person).substr(0, 8));
        }
      },
      [&](std::string_view bytes) { digest.update(bytes); });
  if (!persons.empty()) {
    input.persons = static_cast<std::int64_t>(persons.size());
  }
  input.digest = hex(digest.finish());
  return input;
}

}  // namespace souvenir
