#include "harness/audit_plan.h"

#include <algorithm>
#include <set>

#include "harness/digest.h"
#include "harness/error.h"
#include "harness/identifiers/identifier.h"
#include "harness/journal_candidates.h"
#include "harness/lower_case.h"

namespace souvenir {

namespace {

class SubjectPlanner {
 public:
  SubjectPlanner(const Journal::PlanWriter& writer, const Tokenizer& tokenizer,
                 const BosDecision& bos, const Suite& suite, bool lowercase)
      : writer_(writer), tokenizer_(tokenizer), bos_(bos), suite_(suite), lowercase_(lowercase) {}

  void add(const Subject& subject) {
    if (!subject.secret_hmac.empty() && !identifier_kind(subject.kind).checked) {
      // Nothing in a text says where a name begins and ends: no candidate could be looked up.
      writer_.leave_out("hmac_of_a_kind_without_form");
    } else if (!subject.secret_hmac.empty()) {
      writer_.add({&subject, 0, subject.prefix, {}, std::nullopt, std::nullopt});
    } else if (subject.is_text) {
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
    add_string({&subject, 0, subject.prefix, subject.secret, std::move(cut), {}});
  }

  void add_windows(const Subject& subject) {
    auto windows = cut_windows(tokenizer_, bos_, suite_.windows, subject.secret.reveal());
    if (windows.empty()) {
      writer_.leave_out("text_shorter_than_a_window");
      return;
    }
    for (std::size_t i = 0; i < windows.size(); ++i) {
      add_string({&subject,
                  static_cast<std::int64_t>(i),
                  std::move(windows[i].prefix),
                  std::move(windows[i].secret),
                  std::move(windows[i].cut),
                  {}});
    }
  }

  void add_string(PlannedString string) {
    // What lower case is for, telling members from others, needs to know which is which.
    if (lowercase_ && string.subject->member != Member::unknown) {
      string.lowercase =
          cut_string(tokenizer_, bos_, string.prefix.reveal(), lower_case(string.secret.reveal()));
    }
    writer_.add(string);
  }

  const Journal::PlanWriter& writer_;
  const Tokenizer& tokenizer_;
  const BosDecision& bos_;
  const Suite& suite_;
  bool lowercase_;
};

void add_file(const Journal::PlanWriter& writer, SubjectPlanner& planner, const std::string& file) {
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

template <typename Item>
void add_new(std::vector<Item>& all, const std::vector<Item>& more) {
  for (const Item& item : more) {
    if (std::find(all.begin(), all.end(), item) == all.end()) all.push_back(item);
  }
}

}  // namespace

void plan_audit(Journal& journal, const AuditQuestions& questions, const Tokenizer& tokenizer,
                const BosDecision& bos, const Suite& suite, std::int64_t token_budget) {
  const auto strings = [&](const Journal::PlanWriter& writer) {
    SubjectPlanner planner(writer, tokenizer, bos, suite, questions.needs.lowercase);
    // Canaries first: of a pair that stands in both, the one whose history is known stays.
    for (const Subject& canary : questions.canaries) {
      if (!writer.is_new(canary.id)) {
        throw Error(ErrorKind::input, "canaries: an id stands twice; ids are unique");
      }
      planner.add(canary);
    }
    for (const std::string& file : questions.files) {
      add_file(writer, planner, file);
    }
  };
  const auto besides = [&](const Journal::PlanWriter& writer) {
    if (questions.needs.candidates) {
      CandidateJournal(journal.database()).plan(*questions.needs.candidates, questions.spaces);
    }
    journal.draw_recheck(questions.recheck);
    PromptJournal(journal.database())
        .plan(questions.needs.prompts, tokenizer, bos, questions.chat, writer.leave_out);
  };
  journal.plan(questions.needs.score, token_budget, strings, besides);
}

void merge_needs(ProbeNeeds& all, const ProbeNeeds& more) {
  add_new(all.score.rules, more.score.rules);
  add_new(all.score.temperatures, more.score.temperatures);
  add_new(all.log_thresholds, more.log_thresholds);
  all.score.top = std::max(all.score.top, more.score.top);
  all.whole = all.whole || more.whole;
  if (more.least_log_p) {
    all.least_log_p = std::min(all.least_log_p.value_or(*more.least_log_p), *more.least_log_p);
  }
  all.reference = all.reference || more.reference;
  all.lowercase = all.lowercase || more.lowercase;
  if (more.candidates) {
    if (!all.candidates) all.candidates = CandidateNeeds{0, 0};
    all.candidates->exact_up_to =
        std::max(all.candidates->exact_up_to, more.candidates->exact_up_to);
    all.candidates->sampled = std::max(all.candidates->sampled, more.candidates->sampled);
    all.candidates->search_tokens =
        std::max(all.candidates->search_tokens, more.candidates->search_tokens);
  }
  all.prompts.insert(all.prompts.end(), more.prompts.begin(), more.prompts.end());
}

std::string key_id(const std::string& key) {
  return hex(hmac_sha256(key, "souvenir key id")).substr(0, 16);
}

AuditInput digest_subjects(const std::string& file, const std::string& key, bool hmac_key_given) {
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
        if (!subject.secret_hmac.empty() && !hmac_key_given) {
          throw Error(ErrorKind::usage,
                      "subjects " + file + ", row " + std::to_string(input.rows) +
                          ": /secret_hmac: expected --hmac-key, without which no value is known");
        }
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
