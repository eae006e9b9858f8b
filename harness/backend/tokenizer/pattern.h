#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/aligned_text.h"

namespace souvenir::tokenizing {

// A regular expression for PCRE2 with UTF and UCP.
//
//   stand_ins  whether subjects may have stand-ins for the newest code points (unicode.h): not if
//   the
//              expression names such a code point itself, by a range it lies in for instance
struct Translation {
  std::string source;
  bool stand_ins = true;
};

// Rewrites a regular expression of the reference library (Oniguruma, Ruby syntax) for PCRE2, so
// that it matches the same.
//
// Errors  input: a construct whose meaning differs between the two, by name
Translation to_pcre2(std::string_view pattern);

// What one call needs to match patterns. Made per call, so that patterns can be shared by threads.
class MatchScratch {
 public:
  MatchScratch();
  ~MatchScratch();
  MatchScratch(const MatchScratch&) = delete;
  MatchScratch& operator=(const MatchScratch&) = delete;

  std::vector<Match> matches;  // free for the caller

 private:
  friend class Pattern;
  struct State;
  std::unique_ptr<State> state_;
};

// A compiled pattern: a literal string or a regular expression. Immutable; safe from any thread
// with a scratch of one's own.
class Pattern {
 public:
  static Pattern literal(std::string content);

  // Errors  input: not supported, or not valid
  static Pattern regex(std::string_view source);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  bool is_literal() const { return code_ == nullptr; }
  // Whether subjects should have stand-ins for the newest code points.
  bool wants_stand_ins() const { return stand_ins_; }

  // Cuts `subject` into matches and what lies between them, in order, without gaps. An empty match
  // is reported unless it directly follows another match, as in the reference library.
  //
  // Requires  valid UTF-8, unless the pattern is literal
  // Errors    input: the pattern needs more than its limits of steps or memory on this text
  void find(std::string_view subject, MatchScratch& scratch, std::vector<Match>& out) const;

 private:
  struct Code;
  Pattern();
  void find_literal(std::string_view subject, std::vector<Match>& out) const;
  void find_regex(std::string_view subject, MatchScratch& scratch, std::vector<Match>& out) const;

  std::string literal_;
  bool stand_ins_ = false;
  std::unique_ptr<Code> code_;
};

}  // namespace souvenir::tokenizing
