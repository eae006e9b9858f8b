#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/evidence/sensitive.h"
#include "harness/leak_text.h"
#include "harness/types.h"

namespace souvenir {

// Something that must not stand in an artefact.
//
//   ordinal  names it in a message, where its text cannot
//   part     "secret" or "prefix"
//   ids      its token ids; may be empty
struct Needle {
  std::int64_t ordinal = 0;
  std::string part;
  Sensitive text;
  std::vector<TokenId> ids;
};

// A file about to be published. Borrows its bytes.
struct Artefact {
  std::string name;
  ArtefactFormat format = ArtefactFormat::text;
  std::string_view bytes;
};

// Where a needle was found, without the needle.
//
//   form     text | base64 | hexadecimal | token ids | plain hash
//   offset   byte of the artefact at or shortly before which it begins
//   partial  a stretch of at least 32 bytes (8 token ids), not the whole
struct Leak {
  std::string artefact;
  std::size_t offset = 0;
  std::string form;
  std::int64_t ordinal = 0;
  std::string part;
  bool partial = false;
};

// What a scan found, and how much it could look for.
//
//   leaks      at most kKept of them; `found` counts all
//   too_short  needles that could not be told from chance (harness/evidence/README.md, "Leak scan")
//   neutral    needles found only where the program's own text stands
struct LeakReport {
  static constexpr std::size_t kKept = 100;
  std::vector<Leak> leaks;
  std::int64_t found = 0;
  std::int64_t searched = 0;
  std::int64_t too_short = 0;
  std::int64_t neutral = 0;
};

// Searches artefacts for subjects' strings in every form they might have slipped in: as text in any
// case, spacing and escape (JSON, HTML, XML, percent), in base64 or hexadecimal, as a list of token
// ids, as a plain hash. Typed numbers are not text.
//
// A needle that also stands in `vocabulary`, the text of the program itself, would be found in the
// report of any run: there it says nothing and is counted, not reported.
//
// Feed needles in chunks of any size; memory is that of the artefacts and one chunk.
// Borrows nothing after construction. Not thread-safe.
class LeakScanner {
 public:
  LeakScanner(std::span<const Artefact> artefacts, std::span<const std::string_view> vocabulary);
  ~LeakScanner();
  LeakScanner(const LeakScanner&) = delete;
  LeakScanner& operator=(const LeakScanner&) = delete;

  // Sensitive: reads the needles.
  void search(std::span<const Needle> needles);

  const LeakReport& report() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Returns everything the program can say of itself: the string literals of its sources, and its
// templates, translations, catalogues, suites and schemas. Built in.
std::string_view program_text();

// Returns what evidence says of the machine and the checkpoint (processor, versions, file names),
// which would be the same whoever the subjects were. Not what a user wrote: names of suites and
// strata, the threat model.
std::vector<std::string> neutral_text(const Evidence& evidence);

// Throws if anything was found.
//
// Errors  integrity: names the first artefact, place, form and part, and how many there are
void require_no_leak(const LeakReport& report);

}  // namespace souvenir
