#include "harness/backend/tokenizer/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <cstdint>
#include <utility>

#include "harness/backend/tokenizer/utf8.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

constexpr std::size_t kJitStackStart = 32 * 1024;
constexpr std::size_t kJitStackMost = 8 * 1024 * 1024;

std::string pcre2_message(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

}  // namespace

struct MatchScratch::State {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = nullptr;

  State() {
    if (data == nullptr || context == nullptr) {
      throw Error(ErrorKind::resource, "PCRE2: no memory for a match");
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }

  // Takes a larger stack than the 32 KiB of the machine's that JIT code starts with.
  bool grow() {
    if (stack != nullptr) {
      return false;
    }
    stack = pcre2_jit_stack_create(kJitStackStart, kJitStackMost, nullptr);
    pcre2_jit_stack_assign(context, nullptr, stack);
    return stack != nullptr;
  }
};

MatchScratch::MatchScratch() = default;
MatchScratch::~MatchScratch() = default;

struct Pattern::Code {
  pcre2_code* code = nullptr;

  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

Pattern::Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Pattern Pattern::literal(std::string content) {
  Pattern pattern;
  pattern.literal_ = std::move(content);
  return pattern;
}

Pattern Pattern::regex(std::string_view source) {
  const auto [translated, stand_ins] = to_pcre2(source);
  Pattern pattern;
  pattern.stand_ins_ = stand_ins;
  pattern.code_ = std::make_unique<Code>();
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  if (context == nullptr) {
    throw Error(ErrorKind::resource, "PCRE2: no memory for a pattern");
  }
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);  // what "." does not match
  int error = 0;
  PCRE2_SIZE offset = 0;
  pattern.code_->code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE, &error,
                    &offset, context);
  pcre2_compile_context_free(context);
  if (pattern.code_->code == nullptr) {
    throw Error(ErrorKind::input, "regular expression: not supported: " + pcre2_message(error));
  }
  // Without JIT (a machine that forbids it) the same code is interpreted, more slowly.
  pcre2_jit_compile(pattern.code_->code, PCRE2_JIT_COMPLETE);
  return pattern;
}

void Pattern::find(std::string_view subject, MatchScratch& scratch, std::vector<Match>& out) const {
  out.clear();
  if (subject.empty()) {
    out.push_back({0, 0, false});
  } else if (code_ == nullptr) {
    find_literal(subject, out);
  } else {
    find_regex(subject, scratch, out);
  }
}

void Pattern::find_literal(std::string_view subject, std::vector<Match>& out) const {
  std::size_t previous = 0;
  const auto report = [&](std::size_t begin, std::size_t end) {
    if (previous != begin) {
      out.push_back({previous, begin, false});
    }
    out.push_back({begin, end, true});
    previous = end;
  };
  if (literal_.empty()) {  // matches between all characters
    for (std::size_t at = 0; at < subject.size(); at = character_end(subject, at + 1)) {
      report(at, at);
    }
    report(subject.size(), subject.size());
    return;
  }
  for (std::size_t at = subject.find(literal_); at != std::string_view::npos;
       at = subject.find(literal_, previous)) {
    report(at, at + literal_.size());
  }
  if (previous != subject.size()) {
    out.push_back({previous, subject.size(), false});
  }
}

void Pattern::find_regex(std::string_view subject, MatchScratch& scratch,
                         std::vector<Match>& out) const {
  if (scratch.state_ == nullptr) {
    scratch.state_ = std::make_unique<MatchScratch::State>();
  }
  MatchScratch::State& state = *scratch.state_;
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(state.data);
  std::size_t previous = 0;
  bool after_match = false;  // whether a match ended at `from`
  for (std::size_t from = 0; from <= subject.size();) {
    const int found =
        pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), from,
                    PCRE2_NO_UTF_CHECK, state.data, state.context);
    if (found == PCRE2_ERROR_NOMATCH) {
      break;
    }
    if (found == PCRE2_ERROR_JIT_STACKLIMIT && state.grow()) {
      continue;
    }
    if (found < 0) {
      throw Error(ErrorKind::input, "regular expression: " + pcre2_message(found));
    }
    const std::size_t begin = bounds[0];
    const std::size_t end = bounds[1];
    if (begin == end && after_match && end == previous) {
      from = from < subject.size() ? character_end(subject, from + 1) : from + 1;
      continue;
    }
    if (previous != begin) {
      out.push_back({previous, begin, false});
    }
    out.push_back({begin, end, true});
    previous = end;
    from = end;
    after_match = true;
  }
  if (previous != subject.size()) {
    out.push_back({previous, subject.size(), false});
  }
}

}  // namespace souvenir::tokenizing
