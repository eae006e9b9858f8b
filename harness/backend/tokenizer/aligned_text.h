#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/utf8.h"

namespace souvenir::tokenizing {

// Half-open range of bytes in the original text.
struct Extent {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// Half-open range of bytes in a text, and whether a pattern matched there.
struct Match {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool matched = false;
};

// A stretch of the original text as changed so far, and for each of its bytes the extent of the
// original it came from. Unchanged text is borrowed and needs no table: each byte then comes from
// the character that holds it. Not thread-safe.
class AlignedText {
 public:
  // Borrows the original, which must be valid UTF-8 shorter than 4 GiB.
  AlignedText(std::string_view original, std::size_t begin, std::size_t end);
  // text() may point into the object itself.
  AlignedText(const AlignedText&) = delete;
  AlignedText& operator=(const AlignedText&) = delete;

  std::string_view text() const { return changed_ ? std::string_view(buffer_) : unchanged_; }
  std::size_t size() const { return text().size(); }

  // Where the byte comes from.
  Extent extent(std::size_t position) const;
  // Where a non-empty range comes from: from the begin of its first to the end of its last byte.
  Extent extent(std::size_t begin, std::size_t end) const;

  // Puts `content` in front of the text, if there is any; it comes from the first character.
  void prepend(std::string_view content);

  // Replaces what matched; the new content comes from the last character it replaces.
  void replace(std::span<const Match> matches, std::string_view content);

  // Keeps only a range.
  void keep(std::size_t begin, std::size_t end);

 private:
  friend class Rewriter;

  std::string_view unchanged_;
  std::uint32_t origin_ = 0;  // where the stretch begins in the original
  bool changed_ = false;
  std::string buffer_;
  std::vector<Extent> extents_;  // [size()] once changed
};

// Writes the next version of an aligned text from left to right. The old version stays readable
// until finish().
class Rewriter {
 public:
  explicit Rewriter(AlignedText& text);

  // Copies a range of the old version with its extents.
  void copy(std::size_t begin, std::size_t end);

  // Writes bytes that all come from one place.
  void write(std::string_view bytes, Extent extent);

  // Writes a code point as the reference library's normalisers do, which move a cursor over the
  // characters of the old version: `change` 1 inserts (it comes from the byte before the cursor),
  // 0 stands for the character at the cursor, -n for that one and the n behind it.
  void emit(char32_t code_point, std::ptrdiff_t change);

  // Moves the cursor of emit(), e.g. behind a range that was copied.
  void seek(std::size_t position) { cursor_ = position; }

  std::size_t written() const { return buffer_.size(); }

  // Makes what was written the current version.
  void finish();

 private:
  AlignedText& source_;
  std::string buffer_;
  std::vector<Extent> extents_;
  std::size_t cursor_ = 0;
};

}  // namespace souvenir::tokenizing
