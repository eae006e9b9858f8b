#include "harness/journal_merge.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <utility>

#include "harness/difference.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/journal_candidates.h"
#include "harness/journal_prompts.h"
#include "harness/sqlite.h"

namespace souvenir {

namespace {

using nlohmann::json;

// What every shard has of its own. Everything else is the plan, which all have alike.
constexpr std::array<const char*, 6> kOwn = {"batch",           "observation",
                                             "candidate_batch", "prompt_batch",
                                             "generation",      "member WHERE pass = 1"};

// Errors of a shard say which.
template <typename Action>
auto of_shard(const std::string& folder, const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    const std::string message = error.what();
    if (message.find(folder) != std::string::npos) throw;
    throw Error(error.kind(), folder + ": " + message);
  }
}

// Open prompts that the shard has yet to answer. A model read layer by layer writes nothing: its
// sheet says that all of them stay open, unless the shard was begun again since.
std::int64_t prompts_to_answer(const PromptJournal& prompts, const json& sheet) {
  const auto open = static_cast<std::int64_t>(prompts.open_batches().size());
  const bool stay_open = sheet.is_object() && sheet.value("prompts_open", json()) == json(true);
  return stay_open && open == prompts.batches() ? 0 : open;
}

void require_complete(const Journal& journal, const ShardNote& note, const json& sheet) {
  CandidateJournal candidates(journal.database());
  PromptJournal prompts(journal.database());
  std::size_t open = candidates.open_batches().size() +
                     static_cast<std::size_t>(prompts_to_answer(prompts, sheet));
  std::int64_t all = candidates.batches() + prompts.batches();
  for (const Pass pass : {Pass::first, Pass::confirm, Pass::reference}) {
    open += journal.open_batches(pass).size();
    all += journal.batches(pass);
  }
  if (open == 0 && !sheet.is_null()) return;
  const std::string state =
      open == 0 ? "it was stopped before its end"
                : std::to_string(open) + " of its " + std::to_string(all) + " batches are open";
  throw Error(ErrorKind::usage, "shard " + shard_name(note.shard) + " is not complete: " + state +
                                    ". Run it again by itself: --shard " + shard_name(note.shard));
}

void require_check_sums(Database& database) {
  for (const char* sql : {"SELECT body, refusal, check_sum FROM observation",
                          "SELECT body, '', check_sum FROM candidate_batch",
                          "SELECT text, '', check_sum FROM generation"}) {
    Statement select(database, sql);
    while (select.step()) {
      if (sha256(select.text(0) + select.text(1)).substr(0, 8) != select.text(2)) {
        throw Error(ErrorKind::integrity, "an answer does not match its check sum");
      }
    }
  }
}

void require_same(const ShardRecord& first, const ShardRecord& other) {
  const std::string both = "shard " + shard_name(other.note.shard) + " (" + other.folder +
                           ") is of another audit than shard " + shard_name(first.note.shard) +
                           ": it differs in ";
  std::string difference = first_difference(first.identity, other.identity);
  if (difference.empty()) {
    difference =
        first_difference(first.note.token_budget, other.note.token_budget, {}, "token_budget");
  }
  if (!difference.empty()) throw Error(ErrorKind::usage, both + difference);
  if (first.note.plan != other.note.plan) {
    throw Error(ErrorKind::integrity, both + "its plan, though of the same inputs");
  }
}

void require_numbers(const std::vector<ShardRecord>& shards) {
  const std::int64_t count = shards.front().note.shard.count;
  for (const ShardRecord& shard : shards) {
    if (shard.note.shard.count != count) {
      throw Error(ErrorKind::usage, shard.folder + ": expected one of " + std::to_string(count) +
                                        " shards, as the others, found shard " +
                                        shard_name(shard.note.shard));
    }
  }
  for (std::size_t i = 1; i < shards.size(); ++i) {
    if (shards[i].note.shard == shards[i - 1].note.shard) {
      throw Error(ErrorKind::usage, "shard " + shard_name(shards[i].note.shard) +
                                        " stands twice: " + shards[i - 1].folder + " and " +
                                        shards[i].folder);
    }
  }
  std::string missing;
  std::size_t at = 0;
  for (std::int64_t index = 0; index < count; ++index) {
    const bool there = at < shards.size() && shards[at].note.shard.index == index;
    if (there) {
      ++at;
    } else {
      missing += (missing.empty() ? "" : ", ") + shard_name({index, count});
    }
  }
  if (!missing.empty()) {
    throw Error(ErrorKind::usage, "expected " + std::to_string(count) + " shards, found " +
                                      std::to_string(shards.size()) + "; missing: " + missing);
  }
}

// A copy of the first shard's journal, log included, that only its owner may read.
void copy_first(const std::string& from, const std::string& to) {
  for (const char* end : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(to + end, ignored);
  }
  const int file = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) {
    throw Error(ErrorKind::resource, to + ": cannot be created: " + std::strerror(errno));
  }
  ::close(file);
  Database source(from);
  Statement copy(source, "VACUUM INTO ?");
  copy.bind_text(0, to).execute();
}

void add_shard(Database& whole, const ShardRecord& shard) {
  Statement(whole, "ATTACH ? AS shard").bind_text(0, shard.folder + "/journal.sqlite").execute();
  for (const char* sql :
       {"SELECT count(*) FROM shard.batch JOIN main.batch USING(pass, ordinal)",
        "SELECT count(*) FROM shard.candidate_batch JOIN main.candidate_batch "
        "USING(candidates, first)",
        "SELECT count(*) FROM shard.prompt_batch JOIN main.prompt_batch USING(ordinal)"}) {
    if (select_integer(whole, sql) > 0) {
      throw Error(ErrorKind::integrity, "it holds batches that belong to another shard");
    }
  }
  Transaction transaction(whole);
  for (const char* own : kOwn) {
    const std::string table = own;
    whole.run("INSERT INTO main." + table.substr(0, table.find(' ')) + " SELECT * FROM shard." +
              table);
  }
  transaction.commit();
  whole.run("DETACH shard");
}

void require_every_batch(Database& whole, const ShardNote& note) {
  const std::array<std::pair<std::int64_t, const char*>, 4> expected = {{
      {note.first, "SELECT count(*) FROM batch WHERE pass = 0"},
      {note.candidates, "SELECT count(*) FROM candidate_batch"},
      {note.prompts, "SELECT count(*) FROM prompt_batch"},
      {select_integer(whole, "SELECT coalesce(max(batch), -1) + 1 FROM member WHERE pass = 2"),
       "SELECT count(*) FROM batch WHERE pass = 2"},
  }};
  for (const auto& [count, sql] : expected) {
    const std::int64_t found = select_integer(whole, sql);
    if (found != count) {
      throw Error(ErrorKind::integrity, "the shards: expected " + std::to_string(count) +
                                            " batches together, found " + std::to_string(found));
    }
  }
}

}  // namespace

void write_sheet(Journal& journal, const json& sheet) {
  write_note(journal.database(), "sheet", sheet);
}

ShardRecord read_shard(const std::string& folder) {
  return of_shard(folder, [&] {
    if (!std::filesystem::is_regular_file(folder + "/journal.sqlite")) {
      throw Error(ErrorKind::usage, "expected the journal of a shard, found none");
    }
    const Journal journal(folder);
    const auto note = shard_note(journal);
    if (!note) {
      throw Error(ErrorKind::usage,
                  journal.identity().is_null() || !journal.planned()
                      ? "a shard that has hardly begun; run it again by itself"
                      : "expected the journal of a shard, found that of an ordinary run");
    }
    ShardRecord record{folder, *note, journal.identity(), read_note(journal.database(), "sheet")};
    require_complete(journal, *note, record.sheet);
    require_check_sums(journal.database());
    return record;
  });
}

void require_whole_set(std::vector<ShardRecord>& shards) {
  std::stable_sort(shards.begin(), shards.end(), [](const ShardRecord& a, const ShardRecord& b) {
    return a.note.shard.index < b.note.shard.index;
  });
  require_numbers(shards);
  for (const ShardRecord& shard : shards) require_same(shards.front(), shard);
}

void merge_shards(const std::vector<ShardRecord>& shards, const std::string& folder) {
  const std::string path = folder + "/journal.sqlite";
  copy_first(shards.front().folder + "/journal.sqlite", path);
  Database whole(path);
  for (std::size_t i = 1; i < shards.size(); ++i) {
    of_shard(shards[i].folder, [&] { add_shard(whole, shards[i]); });
  }
  require_every_batch(whole, shards.front().note);
  whole.run("DELETE FROM meta WHERE key IN ('shard', 'sheet')");
  write_note(whole, "merged", shards.front().note.shard.count);
}

}  // namespace souvenir
