#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "harness/leak_text.h"

namespace souvenir {

// One text to search, ready for it.
//
//   text     folded; for token ids four bytes each, low byte first
//   decoded  as it was decoded, unfolded, where `form` is base64 or hexadecimal
struct LeakSegment {
  std::string artefact;
  std::string form;
  TracedText text;
  std::string decoded;
};

// Everything artefacts hold, decoded into the forms that needles are compared in.
//
//   digests  first eight bytes at every offset of what was decoded: where a plain hash would begin
class LeakCorpus {
 public:
  void add(const std::string& artefact, ArtefactFormat format, std::string_view bytes);

  // Adds text that is known, to be compared with as text only: as it stands and without the escapes
  // of string literals.
  void add_known(std::string_view text);

  const std::vector<LeakSegment>& texts() const { return texts_; }
  const std::vector<LeakSegment>& id_lists() const { return id_lists_; }
  const std::set<std::string>& numbers() const { return numbers_; }

  // Returns the segment in which a hash with these first eight bytes stands; null if none.
  const LeakSegment* find_digest(std::string_view digest) const;

 private:
  void add_text(const std::string& artefact, const TracedText& text);
  void add_runs(const std::string& artefact, const TracedText& text);
  void add_list(const std::string& artefact, const std::vector<std::int64_t>& list,
                std::size_t source);

  std::vector<LeakSegment> texts_;
  std::vector<LeakSegment> id_lists_;
  std::set<std::string> numbers_;
  std::unordered_set<std::uint64_t> digests_;
};

// Returns the MD5, SHA-1 and SHA-256 of bytes: the plain hashes that a list of guesses undoes.
std::vector<std::string> plain_digests(std::string_view bytes);

// Encodes token ids as the segments of lists hold them.
std::string encoded_ids(const std::vector<std::int64_t>& ids);

}  // namespace souvenir
