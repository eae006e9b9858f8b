#include "harness/journal_prompts.h"

#include <algorithm>
#include <cstring>

#include "harness/digest.h"
#include "harness/error.h"
#include "harness/request.h"

namespace souvenir {

namespace {

constexpr std::int64_t kBatch = 32;  // prompts continued together

constexpr const char* kPromptSchema = R"(
CREATE TABLE IF NOT EXISTS prompt(
  ordinal INTEGER PRIMARY KEY, digest BLOB UNIQUE, need INTEGER, name TEXT, before BLOB,
  prefix_ids BLOB, tokens INTEGER, batch INTEGER);
CREATE TABLE IF NOT EXISTS prompt_use(
  string INTEGER, prompt INTEGER, PRIMARY KEY(string, prompt)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS prompt_batch(ordinal INTEGER PRIMARY KEY, done INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS generation(
  prompt INTEGER, sample INTEGER, text BLOB, check_sum BLOB,
  PRIMARY KEY(prompt, sample)) WITHOUT ROWID;
)";

void replace_all(std::string& text, const std::string& hole, const std::string& value) {
  for (std::size_t at = text.find(hole); at != std::string::npos;
       at = text.find(hole, at + value.size())) {
    text.replace(at, hole.size(), value);
  }
}

// A string as its prompts need it.
//
//   cut  the ids it was scored after; empty where its first token begins inside the prefix, or
//        where it was not scored
struct PromptedString {
  std::int64_t ordinal = 0;
  std::string person;
  std::string prefix;
  std::vector<TokenId> cut;
};

class PromptPlanner {
 public:
  PromptPlanner(Database& database, const Tokenizer& tokenizer, const BosDecision& bos,
                const ChatTemplate& chat, const std::function<void(const std::string&)>& leave_out)
      : database_(database), tokenizer_(tokenizer), bos_(bos), chat_(chat), leave_out_(leave_out) {}

  void add(const PromptedString& string, const PromptNeeds& need, std::size_t index) {
    std::string text = need.text;
    if (text.find("{name}") != std::string::npos) {
      const std::string name = name_of(string.person);
      if (name.empty()) {
        leave_out_("prompt_without_a_name");
        return;
      }
      replace_all(text, "{name}", name);
    }
    replace_all(text, "{prefix}", string.prefix);
    if (need.chat) {
      const auto turn = chat_ ? chat_(text) : std::nullopt;
      if (!turn) {
        leave_out_("no_chat_template");
        return;
      }
      text = *turn;
    }
    const bool as_scored = need.text == "{prefix}" && !need.chat && !string.cut.empty();
    const std::vector<TokenId> ids = as_scored ? string.cut : encode(text, need.chat);
    if (ids.empty()) {
      leave_out_("no_context");
      return;
    }
    use(string.ordinal, insert(need, index, text, ids));
  }

 private:
  // Spaces at the end of a raw prompt go: many tokenizers join one to the word behind it, and alone
  // it stands where the model has hardly ever seen it, so that a leak would go unseen.
  std::vector<TokenId> encode(std::string_view text, bool chat) const {
    if (!chat) text = text.substr(0, text.find_last_not_of(' ') + 1);
    std::vector<TokenId> ids = chat ? std::vector<TokenId>() : bos_.ids;
    const std::vector<TokenId> body = tokenizer_.encode(text, false).ids;
    ids.insert(ids.end(), body.begin(), body.end());
    return ids;
  }

  std::string name_of(const std::string& person) {
    if (person.empty()) return {};
    Statement select(database_,
                     "SELECT secret FROM string WHERE person = ? AND kind = 'name' AND "
                     "member <> 1 ORDER BY ordinal LIMIT 1");
    return select.bind_text(0, person).step() ? select.text(0) : std::string();
  }

  std::int64_t insert(const PromptNeeds& need, std::size_t index, const std::string& text,
                      const std::vector<TokenId>& ids) {
    const std::string packed = pack_ids(ids);
    const std::string digest = sha256(need.name + '\0' + std::to_string(index) + '\0' + packed);
    Statement row(database_,
                  "INSERT INTO prompt(digest, need, name, before, prefix_ids, tokens) "
                  "VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(digest) DO UPDATE SET need = need "
                  "RETURNING ordinal");
    row.bind_blob(0, digest).bind(1, static_cast<std::int64_t>(index)).bind_text(2, need.name);
    row.bind_blob(3, text).bind_blob(4, packed).bind(5, static_cast<std::int64_t>(ids.size()));
    row.step();
    return row.integer(0);
  }

  void use(std::int64_t string, std::int64_t prompt) {
    Statement row(database_, "INSERT OR IGNORE INTO prompt_use VALUES(?, ?)");
    row.bind(0, string).bind(1, prompt).execute();
  }

  Database& database_;
  const Tokenizer& tokenizer_;
  const BosDecision& bos_;
  const ChatTemplate& chat_;
  const std::function<void(const std::string&)>& leave_out_;
};

// Prompts of one need, longest first.
void cut_batches(Database& database) {
  Statement select(database, "SELECT ordinal, need FROM prompt ORDER BY need, tokens DESC, digest");
  Statement update(database, "UPDATE prompt SET batch = ? WHERE ordinal = ?");
  Statement insert(database, "INSERT INTO prompt_batch(ordinal) VALUES(?)");
  std::int64_t batch = -1;
  std::int64_t need = -1;
  std::int64_t rows = 0;
  while (select.step()) {
    if (batch < 0 || rows == kBatch || select.integer(1) != need) {
      insert.bind(0, ++batch).execute();
      need = select.integer(1);
      rows = 0;
    }
    ++rows;
    update.bind(0, batch).bind(1, select.integer(0)).execute();
  }
}

bool wants(const PromptNeeds& need, const std::string& kind) {
  return need.kinds.empty() ||
         std::find(need.kinds.begin(), need.kinds.end(), kind) != need.kinds.end();
}

}  // namespace

PromptJournal::PromptJournal(Database& database) : database_(database) {
  database_.run(kPromptSchema);
}

void PromptJournal::plan(const std::vector<PromptNeeds>& needs, const Tokenizer& tokenizer,
                         const BosDecision& bos, const ChatTemplate& chat,
                         const std::function<void(const std::string&)>& leave_out) {
  PromptPlanner planner(database_, tokenizer, bos, chat, leave_out);
  Statement select(database_,
                   "SELECT s.ordinal, s.person, s.prefix, s.kind, s.straddles, r.prefix_ids "
                   "FROM string s LEFT JOIN request r ON r.ordinal = s.request "
                   "WHERE s.duplicate = 0 AND s.space = '' ORDER BY s.ordinal");
  while (select.step()) {
    PromptedString string{select.integer(0), select.text(1), select.text(2), {}};
    if (!select.is_null(5) && select.integer(4) == 0) string.cut = unpack_ids(select.text(5));
    for (std::size_t i = 0; i < needs.size(); ++i) {
      if (wants(needs[i], select.text(3))) planner.add(string, needs[i], i);
    }
  }
  cut_batches(database_);
}

std::int64_t PromptJournal::batches() const {
  Statement select(database_, "SELECT count(*) FROM prompt_batch");
  select.step();
  return select.integer(0);
}

std::int64_t PromptJournal::prompts() const {
  Statement select(database_, "SELECT count(*) FROM prompt");
  select.step();
  return select.integer(0);
}

std::vector<std::int64_t> PromptJournal::open_batches() const {
  Statement select(database_, "SELECT ordinal FROM prompt_batch WHERE done = 0 ORDER BY ordinal");
  std::vector<std::int64_t> open;
  while (select.step()) open.push_back(select.integer(0));
  return open;
}

std::vector<PlannedPrompt> PromptJournal::batch(std::int64_t ordinal) const {
  Statement select(database_,
                   "SELECT ordinal, need, prefix_ids, digest FROM prompt WHERE batch = ? "
                   "ORDER BY tokens DESC, digest");
  select.bind(0, ordinal);
  std::vector<PlannedPrompt> prompts;
  while (select.step()) {
    PlannedPrompt prompt{select.integer(0), static_cast<std::size_t>(select.integer(1)), {}};
    prompt.request.prefix_ids = unpack_ids(select.text(2));
    const std::string digest = select.text(3);
    std::memcpy(&prompt.request.stream, digest.data(), sizeof prompt.request.stream);
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

void PromptJournal::commit(std::int64_t batch, const std::vector<PlannedPrompt>& prompts,
                           const std::vector<std::vector<std::string>>& texts) {
  Transaction transaction(database_);
  Statement insert(database_, "INSERT INTO generation VALUES(?, ?, ?, ?)");
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    for (std::size_t sample = 0; sample < texts[i].size(); ++sample) {
      insert.bind(0, prompts[i].ordinal).bind(1, static_cast<std::int64_t>(sample));
      insert.bind_blob(2, texts[i][sample]);
      insert.bind_blob(3, sha256(texts[i][sample]).substr(0, 8)).execute();
    }
  }
  Statement done(database_, "UPDATE prompt_batch SET done = 1 WHERE ordinal = ?");
  done.bind(0, batch).execute();
  transaction.commit();
}

std::vector<GeneratedText> PromptJournal::generated(std::int64_t string) const {
  Statement select(
      database_,
      "SELECT p.name, g.sample, p.before, g.text, g.check_sum FROM prompt_use u "
      "JOIN prompt p ON p.ordinal = u.prompt JOIN generation g ON g.prompt = p.ordinal "
      "WHERE u.string = ? ORDER BY p.need, p.ordinal, g.sample");
  select.bind(0, string);
  std::vector<GeneratedText> texts;
  while (select.step()) {
    std::string text = select.text(3);
    if (sha256(text).substr(0, 8) != select.text(4)) {
      throw Error(ErrorKind::integrity, "journal: a continuation does not match its check sum");
    }
    texts.push_back(
        {select.text(0), select.integer(1), Sensitive(select.text(2)), Sensitive(std::move(text))});
  }
  return texts;
}

}  // namespace souvenir
